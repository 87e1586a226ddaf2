//! Has the contestants take their turns, and puts down what they found.

use crate::child::{self, Server};
use crate::contestant::decode;
use crate::machine;
use crate::measure::{Measured, since};
use crate::python::{self, Python};
use crate::report;
use crate::result::{Comparison, Figure, Noise, median};
use crate::works::{
    CONTESTANTS, Contestant, DEFAULT_PAGES, HTTPX_PAGES, LIMITS, PAGES, Program,
    WORKS, unit,
};
use anyhow::{Context, Result, bail};
use async_workbook::postgres::{self, Database};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};
use tokio_postgres::config::Host;

const HELP: &str = "\
Measures Rust and Python on the same work, in turn, on this machine: 2 to 3 minutes.

cargo workbook compare [--quick] [--save] [WORK]...

  --quick   everything once, and little of it: to see that it runs; means nothing
  --save    write book/compare/result.json, which the book's chapter shows
  WORK      only some of: pages, queries, json, tasks, heartbeat, start
";

/// How long one contestant may take for one turn.
const LIMIT: Duration = Duration::from_secs(60);

/// Handles that a process needs besides its sockets.
const OTHER_FILES: usize = 64;

/// What was asked for.
#[derive(Debug, Default)]
struct Options {
    quick: bool,
    save: bool,
    works: Vec<String>,
}

impl Options {
    fn parse(words: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        for &word in words {
            match word {
                "--quick" => options.quick = true,
                "--save" => options.save = true,
                // What cargo adds by itself.
                "--bench" => {}
                work if WORKS.iter().any(|(name, _)| *name == work) => {
                    options.works.push(work.to_owned());
                }
                other => {
                    bail!("`{other}` is neither an option nor a work\n\n{HELP}")
                }
            }
        }
        if options.save && (options.quick || !options.works.is_empty()) {
            bail!(
                "--save is for a whole comparison: without --quick, without works"
            );
        }
        Ok(options)
    }

    fn wants(&self, work: &str) -> bool {
        self.works.is_empty() || self.works.iter().any(|wanted| wanted == work)
    }
}

/// Makes a comparison and shows it. The exit code is 2 for wrong usage.
pub fn main(words: &[&str]) -> Result<ExitCode> {
    if words.iter().any(|word| ["--help", "-h"].contains(word)) {
        print!("{HELP}");
        return Ok(ExitCode::SUCCESS);
    }
    let options = match Options::parse(words) {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error}");
            return Ok(ExitCode::from(2));
        }
    };
    let begun = Instant::now();
    let load_before = machine::load();
    let mut driver = Driver::new(options)?;
    driver.compare()?;
    let comparison = driver.found(begun, load_before);
    report::print(&comparison);
    if !driver.options.save {
        return Ok(ExitCode::SUCCESS);
    }
    if driver.incomplete {
        bail!("not saved, because not all was measured: see above");
    }
    let file =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("book/compare/result.json");
    let json = report::json(&comparison)?;
    fs::write(&file, json)
        .with_context(|| format!("cannot write {}", file.display()))?;
    println!("\nSaved as book/compare/result.json.");
    Ok(ExitCode::SUCCESS)
}

struct Driver {
    options: Options,
    rounds: usize,
    executable: PathBuf,
    python: Option<Python>,
    /// `None` where no work needs it, or where it cannot be had.
    database: Option<Database>,
    pgbench: Option<PathBuf>,
    /// What `$NAME` stands for in the words of contestants.
    words: BTreeMap<&'static str, String>,
    versions: BTreeMap<String, String>,
    yardstick: Vec<f64>,
    figures: Vec<Figure>,
    left_out: Vec<String>,
    /// Whether something is left out that the book needs.
    incomplete: bool,
}

impl Driver {
    fn new(options: Options) -> Result<Self> {
        let rounds = if options.quick { 1 } else { 3 };
        let mut driver = Self {
            rounds,
            executable: std::env::current_exe().context("cannot find myself")?,
            python: Python::find(),
            database: None,
            pgbench: None,
            words: BTreeMap::new(),
            versions: machine::versions(),
            yardstick: Vec::new(),
            figures: Vec::new(),
            left_out: Vec::new(),
            incomplete: false,
            options,
        };
        driver.look_at_python();
        if driver.options.wants("queries") {
            driver.start_database();
        }
        driver.put_words()?;
        Ok(driver)
    }

    fn lacks(&mut self, what: String) {
        println!("{what}\n");
        self.left_out.push(what.lines().next().unwrap_or_default().to_owned());
        self.incomplete = true;
    }

    fn look_at_python(&mut self) {
        let install = python::INSTALL;
        let Some(python) = &self.python else {
            return self.lacks(format!(
                "Python was not measured: there is no Python 3.11 or newer with \
                 packages.\nTo get it:\n  {install}"
            ));
        };
        self.versions.extend(python.versions.clone());
        let lacking = python.lacks(&python::PACKAGES);
        if !lacking.is_empty() {
            let (which, what) = (python.program.display(), lacking.join(", "));
            self.lacks(format!(
                "What needs {what} was not measured: {which} has no such packages.\n\
                 To get them:\n  {install}"
            ));
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
                return self.lacks(format!(
                    "Queries were not measured: there is no PostgreSQL.\n{error:#}"
                ));
            }
        }
        self.pgbench = postgres::program("pgbench");
        if self.pgbench.is_none() {
            self.lacks(
                "The limit of queries was not measured: there is no pgbench.\nIt \
                 comes with PostgreSQL; on Fedora it is in postgresql-contrib."
                    .to_owned(),
            );
        }
    }

    fn put_words(&mut self) -> Result<()> {
        let quick = self.options.quick;
        let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare.json");
        fs::write(&file, decode::document())
            .with_context(|| format!("cannot write {}", file.display()))?;
        let room = child::files().saturating_sub(OTHER_FILES);
        let most = if quick { 100 } else { 10_000 };
        if room < most && self.options.wants("pages") {
            self.lacks(format!(
                "Pages are fetched {room} at once at the most, not {most}: each needs \
                 a socket, and a process may have no more.\n`ulimit -n` shows the limit."
            ));
        }
        let cases = |most: usize| {
            let mut cases = PAGES.map(|n| n.min(most.min(room))).to_vec();
            cases.dedup();
            cases
        };
        let words = |cases: &[usize], slow| {
            let all: Vec<_> = cases.iter().map(|&n| case(n, quick, slow)).collect();
            all.join(",")
        };
        let pick = |full: &str, quickly: &str| {
            (if quick { quickly } else { full }).to_owned()
        };
        self.words = BTreeMap::from([
            ("$CASES", words(&cases(most), false)),
            ("$TO-1000", words(&cases(most.min(DEFAULT_PAGES)), false)),
            ("$TO-100", words(&cases(if quick { 10 } else { HTTPX_PAGES }), true)),
            ("$SIZES", pick("1,5,10,20", "1,10")),
            ("$QUERIES", pick("2000", "100")),
            ("$TIMES", pick("3", "1")),
            ("$JSON", file.display().to_string()),
            ("$DECODES", pick("100", "3")),
            ("$TASKS", pick("100000", "1000")),
        ]);
        Ok(())
    }

    /// Has everyone take a turn in each round, work by work.
    fn compare(&mut self) -> Result<()> {
        for (works, title) in WORKS {
            if !self.options.wants(works)
                || (works == "queries" && self.database.is_none())
            {
                continue;
            }
            println!("{works}: {title}");
            let mut contestants: Vec<_> =
                CONTESTANTS.iter().filter(|c| c.works == works).collect();
            for _ in 0..self.rounds {
                // One that failed has no further turn.
                contestants.retain(|contestant| {
                    self.can_run(contestant) && self.turn(contestant)
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
            Program::Python => self
                .python
                .as_ref()
                .is_some_and(|python| python.lacks(contestant.needs).is_empty()),
        }
    }

    /// One turn of one contestant; whether it went well.
    fn turn(&mut self, contestant: &Contestant) -> bool {
        self.yardstick.push(machine::yardstick());
        let start = Instant::now();
        let done = match (contestant.works, contestant.program) {
            ("start", _) => self.start_up(contestant),
            (_, Program::Pgbench) => self.pgbench(contestant),
            _ => self.ask(contestant),
        };
        let (who, works) = (contestant.who, contestant.works);
        match done {
            Ok(all) => {
                println!("  {who}, {:.1} s", start.elapsed().as_secs_f64());
                for measured in all {
                    self.put_down(who, measured);
                }
                true
            }
            Err(error) => {
                self.lacks(format!("{works}: {who} failed: {error:#}"));
                false
            }
        }
    }

    /// Runs one that measures itself.
    fn ask(&self, contestant: &Contestant) -> Result<Vec<Measured>> {
        let server = if contestant.words.contains("$WEB") {
            let mut command = child::with_all_files(&self.executable);
            command.arg("server");
            // Each turn has a new one: its memory is fresh, and so are its ports.
            Some(Server::start(command)?)
        } else {
            None
        };
        let mut command = self.command(contestant, server.as_ref())?;
        let text = child::output(&mut command, LIMIT)?;
        let lines = text.lines().map(serde_json::from_str);
        lines.collect::<Result<_, _>>().context("it printed something else")
    }

    fn command(
        &self,
        contestant: &Contestant,
        server: Option<&Server>,
    ) -> Result<Command> {
        let words = contestant.words.split(' ').map(|word| match (word, server) {
            ("$WEB", Some(server)) => server.url.clone(),
            _ => self.words.get(word).cloned().unwrap_or_else(|| word.to_owned()),
        });
        let mut words: Vec<String> = words.collect();
        let program = match contestant.program {
            Program::Python => {
                let folder =
                    Path::new(env!("CARGO_MANIFEST_DIR")).join("book/compare");
                words[0] = folder.join(&words[0]).display().to_string();
                let python = self.python.as_ref().context("there is no Python")?;
                &python.program
            }
            _ => {
                if words[0] != "nothing" {
                    words.insert(0, "contestant".to_owned());
                }
                &self.executable
            }
        };
        // A start is measured from outside, without anything in between.
        let mut command = match contestant.works {
            "start" => Command::new(program),
            _ => child::with_all_files(program),
        };
        for setting in ["PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS"] {
            command.env_remove(setting);
        }
        command.args(words).env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(database) = &self.database {
            // Not an argument: it may hold a password, and everyone sees arguments.
            command.env("DATABASE_URL", database.url());
        }
        Ok(command)
    }

    /// Starts a program some times, and times it from outside.
    fn start_up(&self, contestant: &Contestant) -> Result<Vec<Measured>> {
        let times = if self.options.quick { 1 } else { 10 };
        let mut values = Vec::new();
        for _ in 0..times {
            let mut command = self.command(contestant, None)?;
            let start = Instant::now();
            child::output(&mut command, LIMIT)?;
            values.push(since(start));
        }
        let work = "start".to_owned();
        Ok(vec![Measured { work, values, ..Measured::default() }])
    }

    /// Has PostgreSQL's own program run the same query, by as many clients as each
    /// pool has connections.
    fn pgbench(&self, contestant: &Contestant) -> Result<Vec<Measured>> {
        let word = |name: &str| self.words.get(name).cloned().unwrap_or_default();
        let script = Path::new(env!("CARGO_TARGET_TMPDIR")).join("compare.sql");
        let query = "\\set id random(1, 5)\n\
                     SELECT name, city FROM users WHERE id = :id\n";
        fs::write(&script, query)?;
        let program = self.pgbench.as_ref().context("there is no pgbench")?;
        let mut all = Vec::new();
        for size in word(contestant.words).split(',') {
            let (how_long, much) = match self.options.quick {
                true => ("--transactions", "100"),
                false => ("--time", "1"),
            };
            let mut command = Command::new(program);
            command
                .args(["--no-vacuum", "--protocol=prepared", "--client", size])
                .args([how_long, much, "--file"])
                .arg(&script);
            if let Some(database) = &self.database {
                command.envs(for_libpq(&database.config()));
            }
            let text = child::output(&mut command, LIMIT)?;
            let rate = text
                .lines()
                .find_map(|line| line.strip_prefix("tps = "))
                .and_then(|rest| rest.split(' ').next()?.parse::<f64>().ok())
                .context("pgbench did not say how many queries a second it ran")?;
            all.push(Measured {
                work: "queries".to_owned(),
                case: size.to_owned(),
                values: vec![1e6 / rate],
                ..Measured::default()
            });
        }
        Ok(all)
    }

    /// Adds a round to a figure: the median of what was repeated in it.
    fn put_down(&mut self, who: &str, measured: Measured) {
        let Measured { work, case, values, cpu, server, peak } = measured;
        // Without a delay, nobody can be quicker than next to nothing.
        let who = if work == "pages-0" && who == "bare" { "limit" } else { who };
        let is_it =
            |f: &&mut Figure| f.work == work && f.case == case && f.who == who;
        let figure = match self.figures.iter_mut().find(is_it) {
            Some(figure) => figure,
            None => {
                self.figures.push(Figure {
                    unit: unit(&work).to_owned(),
                    work,
                    case,
                    who: who.to_owned(),
                    rounds: Vec::new(),
                    cpu: Vec::new(),
                    server: Vec::new(),
                    peak: Vec::new(),
                });
                let last = self.figures.len() - 1;
                &mut self.figures[last]
            }
        };
        if !values.is_empty() {
            figure.rounds.push(rounded(median(&values)));
        }
        figure.cpu.extend(cpu.map(rounded));
        figure.server.extend(server.map(rounded));
        figure.peak.extend(peak.map(rounded));
    }

    /// Adds the limits that need no measuring, and orders figures by work and case.
    fn add_limits(&mut self) {
        // Where the system does not tell of memory, there is no figure of it.
        self.figures.retain(|figure| !figure.rounds.is_empty());
        let mut limits = Vec::new();
        for figure in &self.figures {
            let fixed = LIMITS.iter().find(|(work, _)| *work == figure.work);
            if let Some((_, limit)) = fixed
                && figure.who == "rust"
            {
                limits.push(Figure {
                    who: "limit".to_owned(),
                    rounds: vec![*limit],
                    cpu: Vec::new(),
                    server: Vec::new(),
                    peak: Vec::new(),
                    ..figure.clone()
                });
            }
        }
        self.figures.extend(limits);
        let first =
            |same: &dyn Fn(&Figure) -> bool| self.figures.iter().position(same);
        let mut keys: Vec<_> = Vec::new();
        for (at, figure) in self.figures.iter().enumerate() {
            let work = first(&|f| f.work == figure.work);
            let case = first(&|f| f.work == figure.work && f.case == figure.case);
            keys.push((work, case, at));
        }
        keys.sort();
        self.figures =
            keys.iter().map(|&(_, _, at)| self.figures[at].clone()).collect();
    }

    fn found(&mut self, begun: Instant, load_before: Option<f64>) -> Comparison {
        Comparison {
            date: machine::date(),
            seconds: begun.elapsed().as_secs_f64().round(),
            rounds: self.rounds,
            machine: machine::describe(),
            versions: self.versions.clone(),
            noise: Noise {
                load_before,
                yardstick: self.yardstick.iter().copied().map(rounded).collect(),
            },
            left_out: self.left_out.clone(),
            figures: self.figures.clone(),
        }
    }
}

/// A case of pages: how many, and how often with a delay and without.
fn case(n: usize, quick: bool, slow: bool) -> String {
    let (delayed, at_once) = match n {
        _ if quick => (1, 1),
        100.. if slow => (1, 1),
        ..=1_000 => (5, (5_000 / n).clamp(5, 50)),
        _ => (1, 2),
    };
    format!("{n}:{delayed}:{at_once}")
}

/// How to connect, for PostgreSQL's own programs.
fn for_libpq(config: &tokio_postgres::Config) -> Vec<(&'static str, String)> {
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        #[cfg(unix)]
        Host::Unix(folder) => folder.display().to_string(),
    });
    let password = config.get_password().map(String::from_utf8_lossy);
    let settings = [
        ("PGHOST", host),
        ("PGPORT", config.get_ports().first().map(u16::to_string)),
        ("PGUSER", config.get_user().map(str::to_owned)),
        ("PGPASSWORD", password.map(|password| password.into_owned())),
        ("PGDATABASE", config.get_dbname().map(str::to_owned)),
        ("PGOPTIONS", config.get_options().map(str::to_owned)),
    ];
    settings.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// To what can be measured: a tenth of a thousandth of a unit.
fn rounded(value: f64) -> f64 {
    (value * 10_000.0).round() / 10_000.0
}
