//! Starts the contestants turn by turn and collects their samples into a
//! [`Comparison`].

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Parser;
use clap::builder::PossibleValuesParser;
use tempfile::TempDir;
use tokio_postgres::config::Host;

use async_workbook::postgres::{self, Database};
use async_workbook::python::{COMPARE_PACKAGES, MissingPython, Python};
use compare::result::{Comparison, Measurement, Noise, median};

use crate::benchmarks::{
    CONTESTANTS, Contestant, DEFAULT_PAGES, GROUPS, HTTPX_PAGES, LIMITS, PAGES,
    Program, unit,
};
use crate::contestant::decode;
use crate::machine;
use crate::report;
use crate::sample::{Sample, millis_since};
use crate::subprocess::{self, Server};

/// The deadline of one turn.
const LIMIT: Duration = Duration::from_secs(60);

/// File descriptors that a process needs in addition to its sockets.
const OTHER_FILES: usize = 64;

/// Measures Rust and Python on the same benchmarks, on this machine: 2 to 3 minutes
#[derive(Debug, Parser)]
#[command(name = "cargo workbook compare", bin_name = "cargo workbook compare")]
struct Options {
    /// Run everything once with little work, as a smoke test: the numbers are
    /// meaningless
    #[arg(long)]
    quick: bool,
    /// Write book/compare/result.json, which the book's chapter shows
    #[arg(long, conflicts_with_all = ["quick", "groups"])]
    save: bool,
    /// Only these benchmarks
    #[arg(
        value_name = "BENCHMARK",
        value_parser = PossibleValuesParser::new(GROUPS.map(|(name, _)| name))
    )]
    groups: Vec<String>,
}

impl Options {
    fn selects(&self, group: &str) -> bool {
        self.groups.is_empty() || self.groups.iter().any(|name| name == group)
    }
}

/// Makes a comparison and prints it.
pub fn main() -> Result<()> {
    let options = Options::parse();
    let start = Instant::now();
    let load_before = machine::load();
    let mut driver = Driver::new(options)?;
    driver.run_all()?;
    let comparison = driver.comparison(start, load_before);
    report::print(&comparison);
    if !driver.options.save {
        return Ok(());
    }
    if driver.incomplete {
        bail!("not saved, because something could not be measured: see above");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("result.json");
    fs::write(&file, report::json(&comparison)?)
        .with_context(|| format!("could not write {}", file.display()))?;
    println!("\nSaved as book/compare/result.json.");
    Ok(())
}

struct Driver {
    options: Options,
    rounds: usize,
    executable: PathBuf,
    python: Option<Python>,
    /// `None` if no selected benchmark needs it, or if it could not be started.
    database: Option<Database>,
    pgbench: Option<PathBuf>,
    /// The JSON document and the SQL script.
    files: TempDir,
    /// Replacements for the `$NAME`s in the arguments of contestants.
    variables: BTreeMap<&'static str, String>,
    versions: BTreeMap<String, String>,
    yardstick: Vec<f64>,
    measurements: Vec<Measurement>,
    left_out: Vec<String>,
    /// True if something that the book needs was not measured.
    incomplete: bool,
}

/// Returns the repository's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

impl Driver {
    fn new(options: Options) -> Result<Self> {
        let mut driver = Self {
            rounds: if options.quick { 1 } else { 3 },
            executable: std::env::current_exe()
                .context("could not find this executable")?,
            python: Python::find(&root(), &COMPARE_PACKAGES),
            database: None,
            pgbench: None,
            files: tempfile::tempdir()
                .context("could not create a temporary folder")?,
            variables: BTreeMap::new(),
            versions: machine::versions(),
            yardstick: Vec::new(),
            measurements: Vec::new(),
            left_out: Vec::new(),
            incomplete: false,
            options,
        };
        driver.check_python();
        if driver.options.selects("queries") {
            driver.start_database();
        }
        driver.set_variables()?;
        Ok(driver)
    }

    /// Reports something that is not measured, and saves the first line of the
    /// message.
    fn leave_out(&mut self, message: String) {
        println!("{message}\n");
        self.left_out.push(message.lines().next().unwrap_or_default().to_owned());
        self.incomplete = true;
    }

    fn check_python(&mut self) {
        let what = match &self.python {
            Some(python) => {
                self.versions.extend(python.versions.clone());
                "Contestants that need missing packages were"
            }
            None => "Python was",
        };
        let requirements = "book/compare/requirements.txt";
        let python = Python::with_all(&root(), &COMPARE_PACKAGES, requirements);
        if let Err(MissingPython { problem, advice }) = python {
            self.leave_out(format!("{what} not measured: {problem}.\n{advice}"));
        }
    }

    fn start_database(&mut self) {
        let database = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(anyhow::Error::from)
            .and_then(|runtime| {
                runtime.block_on(async {
                    let database = postgres::start().await?;
                    let (client, connection) =
                        database.config().connect(tokio_postgres::NoTls).await?;
                    tokio::spawn(connection);
                    let row = client.query_one("SHOW server_version", &[]).await?;
                    anyhow::Ok((database, row.get::<_, String>(0)))
                })
            });
        match database {
            Ok((database, version)) => {
                let number = version.split(' ').next().unwrap_or_default();
                self.versions.insert("PostgreSQL".to_owned(), number.to_owned());
                self.database = Some(database);
            }
            Err(error) => {
                return self.leave_out(format!(
                    "Queries were not measured: no PostgreSQL is available.\n{error:#}"
                ));
            }
        }
        self.pgbench = postgres::program("pgbench");
        if self.pgbench.is_none() {
            self.leave_out(
                "The limit of queries was not measured: pgbench is not installed.\nIt \
                 comes with PostgreSQL; on Fedora it is in postgresql-contrib."
                    .to_owned(),
            );
        }
    }

    fn set_variables(&mut self) -> Result<()> {
        let quick = self.options.quick;
        let document = self.files.path().join("document.json");
        fs::write(&document, decode::document())
            .with_context(|| format!("could not write {}", document.display()))?;
        let sockets = subprocess::max_open_files().saturating_sub(OTHER_FILES);
        let most = if quick { 100 } else { 10_000 };
        if sockets < most && self.options.selects("pages") {
            self.leave_out(format!(
                "At most {sockets} pages are fetched at once instead of {most}: each \
                 needs a socket, and the limit of open files is too low.\n`ulimit -n` \
                 shows the limit."
            ));
        }
        let cases = |most: usize, slow| {
            let mut pages = PAGES.map(|n| n.min(most.min(sockets))).to_vec();
            pages.dedup();
            let cases: Vec<_> =
                pages.iter().map(|&n| case(n, quick, slow)).collect();
            cases.join(",")
        };
        let pick = |full: &str, quickly: &str| {
            (if quick { quickly } else { full }).to_owned()
        };
        self.variables = BTreeMap::from([
            ("$CASES", cases(most, false)),
            ("$TO-1000", cases(most.min(DEFAULT_PAGES), false)),
            ("$TO-100", cases(if quick { 10 } else { HTTPX_PAGES }, true)),
            ("$SIZES", pick("1,5,10,20", "1,10")),
            ("$QUERIES", pick("2000", "100")),
            ("$TIMES", pick("3", "1")),
            ("$JSON", document.display().to_string()),
            ("$DECODES", pick("100", "3")),
            ("$TASKS", pick("100000", "1000")),
        ]);
        Ok(())
    }

    /// Lets all contestants take a turn in each round, group by group.
    fn run_all(&mut self) -> Result<()> {
        for (group, title) in GROUPS {
            if !self.options.selects(group)
                || (group == "queries" && self.database.is_none())
            {
                continue;
            }
            println!("{group}: {title}");
            let mut contestants: Vec<_> =
                CONTESTANTS.iter().filter(|c| c.group == group).collect();
            for _ in 0..self.rounds {
                // A contestant that failed gets no further turn.
                contestants.retain(|contestant| {
                    self.can_run(contestant) && self.take_turn(contestant)
                });
            }
        }
        self.add_limits();
        Ok(())
    }

    fn can_run(&self, contestant: &Contestant) -> bool {
        match contestant.program {
            Program::Rust => true,
            Program::Pgbench => self.pgbench.is_some(),
            Program::Python => self.python.as_ref().is_some_and(|python| {
                python.missing(contestant.packages).is_empty()
            }),
        }
    }

    /// Runs a contestant once. Returns false if it failed.
    fn take_turn(&mut self, contestant: &Contestant) -> bool {
        self.yardstick.push(machine::yardstick());
        let start = Instant::now();
        let samples = match (contestant.group, contestant.program) {
            ("start", _) => self.time_start(contestant),
            (_, Program::Pgbench) => self.run_pgbench(contestant),
            _ => self.run_contestant(contestant),
        };
        let (name, group) = (contestant.name, contestant.group);
        match samples {
            Ok(samples) => {
                println!("  {name}, {:.1} s", start.elapsed().as_secs_f64());
                for sample in samples {
                    self.record(name, sample);
                }
                true
            }
            Err(error) => {
                self.leave_out(format!("{group}: {name} failed: {error:#}"));
                false
            }
        }
    }

    /// Runs a contestant that measures itself.
    fn run_contestant(&self, contestant: &Contestant) -> Result<Vec<Sample>> {
        let server = if contestant.arguments.contains("$URL") {
            let mut command = subprocess::with_all_files(&self.executable);
            command.arg("server");
            // A new server for each turn: fresh memory, and no ports in TIME_WAIT.
            Some(Server::start(command)?)
        } else {
            None
        };
        let mut command = self.command(contestant, server.as_ref())?;
        let stdout = subprocess::output(&mut command, LIMIT)?;
        let samples = stdout.lines().map(serde_json::from_str);
        samples.collect::<Result<_, _>>().context("could not parse what it printed")
    }

    fn command(
        &self,
        contestant: &Contestant,
        server: Option<&Server>,
    ) -> Result<Command> {
        let replaced = |word: &str| match (word, server) {
            ("$URL", Some(server)) => server.url.clone(),
            _ => {
                self.variables.get(word).cloned().unwrap_or_else(|| word.to_owned())
            }
        };
        let mut arguments: Vec<String> =
            contestant.arguments.split(' ').map(replaced).collect();
        let program = match contestant.program {
            Program::Python => {
                let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("python");
                arguments[0] = scripts.join(&arguments[0]).display().to_string();
                &self.python.as_ref().context("found no Python")?.program
            }
            _ => {
                if arguments[0] != "nothing" {
                    arguments.insert(0, "contestant".to_owned());
                }
                &self.executable
            }
        };
        // The start of a process is timed without a shell in between.
        let mut command = match contestant.group {
            "start" => Command::new(program),
            _ => subprocess::with_all_files(program),
        };
        for variable in ["PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS"] {
            command.env_remove(variable);
        }
        command.args(arguments).env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(database) = &self.database {
            // Not as an argument: the URL may hold a password, and any user can list
            // the arguments of processes.
            command.env("DATABASE_URL", database.url());
        }
        Ok(command)
    }

    /// Starts a program several times, and times it from outside.
    fn time_start(&self, contestant: &Contestant) -> Result<Vec<Sample>> {
        let times = if self.options.quick { 1 } else { 10 };
        let mut values = Vec::new();
        for _ in 0..times {
            let mut command = self.command(contestant, None)?;
            let start = Instant::now();
            subprocess::output(&mut command, LIMIT)?;
            values.push(millis_since(start));
        }
        let benchmark = "start".to_owned();
        Ok(vec![Sample { benchmark, values, ..Sample::default() }])
    }

    /// Runs the same query with pgbench, with as many clients as the pools have
    /// connections.
    fn run_pgbench(&self, contestant: &Contestant) -> Result<Vec<Sample>> {
        let script = self.files.path().join("query.sql");
        let query = "\\set id random(1, 5)\n\
                     SELECT name, city FROM users WHERE id = :id\n";
        fs::write(&script, query)?;
        let program = self.pgbench.as_ref().context("pgbench is not installed")?;
        let sizes = self.variables.get(contestant.arguments).map_or("", |s| s);
        let mut samples = Vec::new();
        for size in sizes.split(',') {
            let (unit, amount) = if self.options.quick {
                ("--transactions", "100")
            } else {
                ("--time", "1")
            };
            let mut command = Command::new(program);
            command
                .args(["--no-vacuum", "--protocol=prepared", "--client", size])
                .args([unit, amount, "--file"])
                .arg(&script);
            if let Some(database) = &self.database {
                command.envs(libpq_variables(&database.config()));
            }
            let stdout = subprocess::output(&mut command, LIMIT)?;
            let rate = stdout
                .lines()
                .find_map(|line| line.strip_prefix("tps = "))
                .and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok())
                .context("pgbench did not print its `tps`")?;
            samples.push(Sample {
                benchmark: "queries".to_owned(),
                case: size.to_owned(),
                values: vec![1e6 / rate],
                ..Sample::default()
            });
        }
        Ok(samples)
    }

    /// Adds a round to a measurement: the median of the sample's repetitions.
    fn record(&mut self, contestant: &str, sample: Sample) {
        let Sample { benchmark, case, values, cpu, server, peak } = sample;
        // Without a delay, the bare client is the limit.
        let contestant = match (&benchmark[..], contestant) {
            ("pages-0", "bare") => "limit",
            _ => contestant,
        };
        let at = self.measurements.iter().position(|m| {
            m.benchmark == benchmark && m.case == case && m.contestant == contestant
        });
        let at = at.unwrap_or_else(|| {
            self.measurements.push(Measurement {
                unit: unit(&benchmark).to_owned(),
                benchmark,
                case,
                contestant: contestant.to_owned(),
                ..Measurement::default()
            });
            self.measurements.len() - 1
        });
        let measurement = &mut self.measurements[at];
        if !values.is_empty() {
            measurement.rounds.push(rounded(median(&values)));
        }
        measurement.cpu.extend(cpu.map(rounded));
        measurement.server.extend(server.map(rounded));
        measurement.peak.extend(peak.map(rounded));
    }

    /// Adds the limits that need no measuring, and sorts by benchmark and case, in
    /// the order in which they first occurred.
    fn add_limits(&mut self) {
        // On systems without /proc, the memory of tasks has no values.
        self.measurements.retain(|measurement| !measurement.rounds.is_empty());
        let mut limits = Vec::new();
        for measurement in
            self.measurements.iter().filter(|m| m.contestant == "rust")
        {
            let known =
                LIMITS.iter().find(|(name, _)| *name == measurement.benchmark);
            if let Some((_, limit)) = known {
                limits.push(Measurement {
                    benchmark: measurement.benchmark.clone(),
                    case: measurement.case.clone(),
                    contestant: "limit".to_owned(),
                    unit: measurement.unit.clone(),
                    rounds: vec![*limit],
                    ..Measurement::default()
                });
            }
        }
        self.measurements.extend(limits);
        let all = self.measurements.clone();
        self.measurements.sort_by_cached_key(|measurement| {
            let same =
                |other: &&Measurement| other.benchmark == measurement.benchmark;
            let benchmark = all.iter().position(|other| same(&other));
            let case = all
                .iter()
                .position(|other| same(&other) && other.case == measurement.case);
            (benchmark, case)
        });
    }

    fn comparison(&self, start: Instant, load_before: Option<f64>) -> Comparison {
        Comparison {
            date: machine::date(),
            seconds: start.elapsed().as_secs_f64().round(),
            rounds: self.rounds,
            machine: machine::describe(),
            versions: self.versions.clone(),
            noise: Noise {
                load_before,
                yardstick: self.yardstick.iter().copied().map(rounded).collect(),
            },
            left_out: self.left_out.clone(),
            measurements: self.measurements.clone(),
        }
    }
}

/// A case of the pages benchmark, `N:TIMES:TIMES`: the number of pages, and the
/// repetitions with and without a delay.
fn case(n: usize, quick: bool, slow: bool) -> String {
    let (delayed, immediate) = match n {
        _ if quick => (1, 1),
        100.. if slow => (1, 1),
        ..=1_000 => (5, (5_000 / n).clamp(5, 50)),
        _ => (1, 2),
    };
    format!("{n}:{delayed}:{immediate}")
}

/// Connection settings as environment variables for PostgreSQL's own programs.
fn libpq_variables(
    config: &tokio_postgres::Config,
) -> impl Iterator<Item = (&'static str, String)> {
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let password = config.get_password().map(String::from_utf8_lossy);
    let variables = [
        ("PGHOST", host),
        ("PGPORT", config.get_ports().first().map(u16::to_string)),
        ("PGUSER", config.get_user().map(str::to_owned)),
        ("PGPASSWORD", password.map(|password| password.into_owned())),
        ("PGDATABASE", config.get_dbname().map(str::to_owned)),
        ("PGOPTIONS", config.get_options().map(str::to_owned)),
    ];
    variables.into_iter().filter_map(|(name, value)| Some((name, value?)))
}

/// Rounds to four decimal places: 100 ns, where the unit is milliseconds.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
