//! Builds a tiny workbook with one lesson, to test each directive and its errors.

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use async_workbook::{LESSONS, Lesson};
use book::render;

const LESSON: &str = "\
//! 03 - Gather

fn main() {
    // ANCHOR: core
    println!(\"<a> & b\");
    // ANCHOR_END: core
}
";

const TIMELINE: &str = r#"{"sections": [{"title": "in turn", "micros": 200000, "rows": [
    {"label": "fetch page=1", "depth": 0, "life": [0, 200000], "polls": [[0, 1000]]}]}]}"#;

const HINTS: &str = "\
# Tea

Boil *water*.

## A nudge

Fire.

## The concept

Heat.

## The shape

A kettle.

## Why it works

Physics.
";

struct Workbook {
    root: TempDir,
}

impl Workbook {
    fn new(chapter: &str) -> Self {
        let workbook = Self { root: tempfile::tempdir().unwrap() };
        workbook.write("lessons/03_gather/lesson.rs", LESSON);
        workbook.write(
            "lessons/03_gather/python.py",
            "# ANCHOR: a\nx = 1\n# ANCHOR_END: a\n",
        );
        workbook
            .snapshot("lessons__03_gather", "in turn\n  one\n\ntogether\n  two\n");
        workbook.snapshot("lessons__03_gather_timeline", TIMELINE);
        workbook.snapshot("python__03_gather", "from Python\n");
        workbook.write("lessons/03_gather/starter.rs", "fn starter() {}\n");
        workbook.write("lessons/03_gather/solution.rs", "fn solution() {}\n");
        workbook.write("lessons/03_gather/check.rs", "check::run(fetch())\n");
        workbook.write("lessons/03_gather/hints.md", HINTS);
        let verdict = "✗ it is quick\n    it took 3 ms\n- it is right\n";
        workbook.snapshot("exercises__03_gather_starter", verdict);
        workbook.write("book/chapters/SUMMARY.md", "- [Gather](03_gather.md)\n");
        workbook.write("book/chapters/03_gather.md", chapter);
        let config =
            fs::read_to_string(render::book_dir().join("book.toml")).unwrap();
        let plain = |line: &&str| !line.starts_with("additional-");
        let config: Vec<_> = config.lines().filter(plain).collect();
        workbook.write("book/book.toml", &config.join("\n"));
        workbook
    }

    fn path(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn snapshot(&self, name: &str, body: &str) {
        let text =
            format!("---\nsource: tests/lessons.rs\nexpression: out\n---\n{body}");
        self.write(&format!("tests/snapshots/{name}.snap"), &text);
    }

    fn remove(self, path: &str) -> Self {
        fs::remove_file(self.path(path)).unwrap();
        self
    }

    fn build(&self) -> Result<String, String> {
        let dest: &Path = &self.path("html");
        render::build(&self.path("book"), Some(dest))
            .map_err(|error| format!("{error:#}"))?;
        let html = fs::read_to_string(dest.join("03_gather.html")).unwrap();
        let main = html.split("<main>").nth(1).unwrap();
        Ok(main.split("</main>").next().unwrap().to_owned())
    }
}

/// Builds a chapter and returns its HTML.
fn shown(directive: &str) -> String {
    Workbook::new(directive).build().unwrap()
}

/// Builds a workbook and returns the error.
fn build_error(workbook: &Workbook) -> String {
    workbook.build().unwrap_err()
}

#[track_caller]
fn assert_contains(text: &str, part: &str) {
    assert!(text.contains(part), "`{part}` is not in:\n{text}");
}

#[test]
fn a_program_has_its_path_as_a_caption() {
    let page = shown("{{#lesson 03_gather}}");
    assert_contains(
        &page,
        "<p class=\"file\"><code>lessons/03_gather/lesson.rs</code></p>",
    );
    assert_contains(&page, "lesson-03_gather");
    assert_contains(&page, "    println!(\"&lt;a&gt; &amp; b\");");
    assert!(!page.contains("ANCHOR"), "{page}");
}

#[test]
fn the_caption_of_a_region_links_to_the_whole_program() {
    let id = "03_gather.core";
    let page = shown("{{#lesson 03_gather:core bare}}\n\n{{#lesson 03_gather}}");
    let link =
        format!("<a href=\"#{id}\"><code>lessons/03_gather/lesson.rs</code></a>");
    assert_contains(&page, &link);
    assert_contains(
        &page,
        &format!(
            "<span class=\"region\" id=\"{id}\">    println!(\"&lt;a&gt; &amp; b\");\n</span>}}"
        ),
    );
    // An id occurs only once on a page.
    let twice = shown("{{#lesson 03_gather}}\n\n{{#lesson 03_gather}}");
    assert_eq!(twice.matches("id=\"03_gather.core").count(), 1, "{twice}");
    // If the whole program is not on this page, it is on that of its lesson.
    let other_page = shown("{{#lesson 03_gather:core}}");
    assert_contains(&other_page, &format!("href=\"03_gather.html#{id}\""));
    // Other files are not shown whole anywhere else.
    let workbook = Workbook::new("{{#lesson 03_gather/named.rs:core}}");
    workbook.write("lessons/03_gather/named.rs", LESSON);
    let page = workbook.build().unwrap();
    assert_contains(
        &page,
        "<p class=\"file\"><code>lessons/03_gather/named.rs</code></p>",
    );
}

#[test]
fn a_marked_line_is_named_in_the_caption() {
    let page = shown("{{#lesson 03_gather mark \"println\"}}");
    let caption = "lesson.rs</code><span class=\"unseen\">, line 4 is marked</span>";
    assert_contains(&page, caption);
    assert_contains(&page, "<code class=\"language-rust ignore lesson-03_gather\">");
    assert_contains(
        &page,
        "<span class=\"mark\">    println!(\"&lt;a&gt; &amp; b\");\n</span></span>}",
    );
}

#[test]
fn a_line_that_cannot_be_marked_fails_the_build() {
    let error = build_error(&Workbook::new("{{#lesson 03_gather mark \"print!\"}}"));
    assert_contains(&error, "no line has `print!`");
    let error = build_error(&Workbook::new("{{#lesson 03_gather mark \"a\"}}"));
    assert_contains(&error, "`a` is in more than one line (1 and 3)");
    let error = build_error(&Workbook::new("{{#lesson 03_gather mark println}}"));
    assert_contains(&error, "`mark` needs a text, as in `mark \"join_all\"`");
    let error = build_error(&Workbook::new("{{#lesson 03_gather fails}}"));
    assert_contains(&error, "no option `fails`; expected `bare` or `mark \"...\"`");
}

#[test]
fn a_guess_is_a_question_with_its_answers() {
    let page = shown(
        "1. {{#guess 03_gather:together:two | two/a few | How *many*?\n   | one: That is the \"first\"\n   way.}}",
    );
    assert_contains(
        &page,
        "<li><label class=\"guess\" data-answers=\"two/a few\" data-wrong=\"one: That is the &quot;first&quot; way.\">\
         How <em>many</em>?</label></li>",
    );
}

#[test]
fn a_drawing_has_the_bars_of_one_section() {
    let page = shown("1. How long?\n   {{#draw 03_gather:in turn}}");
    assert_contains(
        &page,
        "How long?\n<span class=\"drawing\" data-run=\"[&quot;in turn&quot;,200000,[[&quot;fetch page=1&quot;,[0,200000]]]]\"></span></li>",
    );
    for absent in ["03_gather:together", "03_gather"] {
        let error = build_error(&Workbook::new(&format!("{{{{#draw {absent}}}}}")));
        assert_contains(&error, "no such section of the timeline");
    }
}

#[test]
fn an_answer_that_is_not_in_the_output_fails_the_build() {
    for (guess, why) in [
        ("together:two | three | ?", "`three` is not in the line `two`"),
        ("together:two | tw | ?", "`tw` is not in the line `two`"),
        (
            "together:three | two | ?",
            "no line of the block `together` contains `three`",
        ),
        (
            "together:t | two | ?",
            "more than one line of the block `together` contains `t`",
        ),
        ("apart:two | two | ?", "no line of the output contains `apart`"),
        (
            "together | two | ?",
            "expected a line of the output, such as `03_gather:together:ms`",
        ),
        ("together:two | two", "expected `line | answer | question`"),
        ("together:two | two | ", "no field may be empty"),
        ("together:two | two/ | ?", "no field may be empty"),
        (
            "together:two | two | ? | three",
            "expected `guess: explanation`, got `three`",
        ),
        ("together:two | two/2 | ? | 1/2: no", "`1/2` is both right and wrong"),
    ] {
        let error = build_error(&Workbook::new(&format!(
            "{{{{#guess 03_gather:{guess}}}}}"
        )));
        assert_contains(&error, why);
    }
}

#[test]
fn choices_are_a_hidden_list_of_radio_buttons() {
    let page = shown("{{#choose 50 ms: No\n  `await`. | *500* ms}}");
    let list = page
        .split_once("choices\" hidden=\"\">")
        .unwrap()
        .1
        .split_once("</fieldset>")
        .unwrap()
        .0;
    let lines = list.lines().map(str::trim).filter(|line| !line.is_empty());
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "<ul>",
            "<li><label><input type=\"radio\"> 50 ms</label> <span hidden=\"\">No <code>await</code>.</span></li>",
            "<li><label><input type=\"radio\"> <em>500</em> ms</label></li>",
            "</ul>"
        ]
    );
}

#[test]
fn choices_need_a_right_one_and_a_wrong_one() {
    for choices in ["a | b | c: no", "a: no | b: no", "a", ""] {
        let error =
            build_error(&Workbook::new(&format!("{{{{#choose {choices}}}}}")));
        assert_contains(&error, "expected choices as in `wrong: why not | right`");
    }
}

#[test]
fn an_order_is_that_of_the_output() {
    let page = shown(
        "{{#order 03_gather:together | together / two | Which lines? | one: No.}}",
    );
    assert_contains(
        &page,
        "<p><label class=\"guess lines\" data-answers=\"together/two\" data-wrong=\"one: No.\">Which lines?</label></p>",
    );
    for (order, why) in [
        (" | together / two | ?", "the output has 4 lines, but the answer has 2"),
        (
            ":together | two / together | ?",
            "the words of `two` are not in the line `together`",
        ),
        (":together | together | ?", "the output has 2 lines, but the answer has 1"),
    ] {
        let error =
            build_error(&Workbook::new(&format!("{{{{#order 03_gather{order}}}}}")));
        assert_contains(&error, why);
    }
}

#[test]
fn runs_in_rust_and_python_are_on_one_axis() {
    let workbook = |value: u32| {
        let line = "{{#axis 03_gather/VALUE: in turn, in turn: Both.}}";
        let workbook = Workbook::new(&line.replace("VALUE", &value.to_string()));
        let slow = TIMELINE.replace("200000", "400000");
        let run = format!(r#"{{"value": 300, "output": "", "timeline": {slow}}}"#);
        workbook.snapshot("lessons__03_gather_knob", &run.replace('\n', ""));
        workbook.snapshot("python__03_gather_timeline", TIMELINE);
        workbook
    };
    let page = workbook(300).build().unwrap();
    assert_contains(&page, "Rust, in turn, 400 ms: fetch page=1 from 0 to 400 ms");
    assert_contains(&page, "Python, in turn, 200 ms: fetch page=1 from 0 to 200 ms");
    let unknown = build_error(&workbook(301));
    assert_contains(&unknown, "no recorded run with this value");
}

#[test]
fn parts_for_python_readers_have_a_class() {
    let page = shown(
        "# A\n\n> [!NOTE]\n> Coming from Python: b.\n\n## In Python\n\n{{#python-output 03_gather}}",
    );
    assert_contains(&page, "<div class=\"python\">");
    assert_contains(&page, "<p>Coming from Python: b.</p>");
    assert_contains(&page, "<h2 class=\"python\" id=\"in-python\">");
    assert_contains(&page, "<code class=\"language-text output python\">");
}

#[test]
fn a_region_is_not_the_whole_program() {
    let page = shown("{{#lesson 03_gather:core}}");
    assert_contains(&page, ">println!(\"&lt;a&gt; &amp; b\");</code>");
    assert!(!page.contains("lesson-03_gather"), "{page}");
}

#[test]
fn another_file_of_the_lesson() {
    let workbook = Workbook::new("{{#lesson 03_gather/named.rs}}");
    let error = build_error(&workbook);
    assert_contains(&error, "could not read lessons/03_gather/named.rs");
    workbook.write("lessons/03_gather/named.rs", "fn named() {}\n");
    let page = workbook.build().unwrap();
    assert_contains(&page, "<code>lessons/03_gather/named.rs</code>");
    assert_contains(&page, ">fn named() {}</code>");
}

#[test]
fn a_broken_program_and_the_compiler_output() {
    let workbook = Workbook::new("{{#broken 03_gather/tea}}\n\nafter *it*");
    assert_contains(
        &build_error(&workbook),
        "could not read tests/snapshots/broken__03_gather_tea.snap",
    );
    workbook.snapshot("broken__03_gather_tea", "error: no\n\nmore\n");
    assert_contains(
        &build_error(&workbook),
        "broken__03_gather_tea.snap does not start with the compiler's version",
    );
    workbook.snapshot(
        "broken__03_gather_tea",
        "rustc 1.95\n\nerror[E1]: no\n\n\nmore\n",
    );
    assert_contains(
        &build_error(&workbook),
        "could not read lessons/03_gather/broken/tea.rs",
    );
    workbook.write("lessons/03_gather/broken/tea.rs", "fn tea() {}\n");
    let page = workbook.build().unwrap();
    let (program, output) =
        page.split_once("Output of <code>rustc 1.95</code>").unwrap();
    assert_contains(
        program,
        "broken/<wbr>tea.rs</code> <strong>does not compile</strong>",
    );
    assert_contains(program, "language-rust ignore does_not_compile\">fn tea() {}");
    assert_contains(
        output,
        "compiler\"><span><b class=\"error\">error[E1]</b>: no</span>",
    );
    assert_contains(output, "\n\n\n<span>more</span>\n</code></pre>");
    assert_contains(output, "<p>after <em>it</em></p>");
    workbook.write(
        "book/chapters/03_gather.md",
        "{{#broken 03_gather/tea mark \"more\"}}\n",
    );
    let page = workbook.build().unwrap();
    assert_contains(&page, "<span class=\"mark\"><span>more</span>\n</span>");
    assert_contains(&page, "<span class=\"unseen\">, line 4 is marked</span>");
    let error = build_error(&Workbook::new("{{#broken 03_gather}}"));
    assert_contains(&error, "no program is named, as in `01_hello_await/not_async`");
}

#[test]
fn outputs_come_from_snapshots() {
    let page = shown("{{#output 03_gather}}");
    assert_contains(&page, "Output of <code>cargo run --example 03_gather</code>");
    assert_contains(
        &page,
        "output lesson-03_gather\">in turn\n  one\n\ntogether\n  two\n</code>",
    );
    let page = shown("{{#output 03_gather:together}}");
    assert_contains(&page, "output lesson-03_gather\">together\n  two\n</code>");
    let page = shown("{{#python-output 03_gather}}");
    assert_contains(&page, "output python\">from Python\n</code>");
}

#[test]
fn python_is_shown_like_rust() {
    let page = shown("{{#python 03_gather:a}}");
    assert_contains(&page, "<code>lessons/03_gather/python.py</code>");
    assert_contains(&page, "<code class=\"language-python\">x = 1\n</code>");
}

#[test]
fn an_exercise_has_task_checks_and_folds() {
    let page = shown("{{#exercise 03_gather}}");
    let open = page.split("<details>").next().unwrap();
    assert_contains(open, "<p>Boil <em>water</em>.</p>");
    assert_contains(open, "cargo workbook check 03");
    assert_contains(
        open,
        "solved when your code never blocks the thread for 100 ms",
    );
    assert_contains(open, "<li>it is quick</li>\n<li>it is right</li>");
    let titles: Vec<_> = page
        .split("<summary>")
        .skip(1)
        .map(|rest| rest.split("</summary>").next().unwrap())
        .collect();
    let expected = [
        "The file you begin with",
        "Hint 1: a nudge",
        "Hint 2: the concept",
        "Hint 3: the shape",
        "One solution, and why it works",
    ];
    assert_eq!(titles, expected);
    assert_contains(&page, "<code>lessons/03_gather/exercise.rs</code></p>");
    assert_contains(&page, ">fn starter() {}</code>");
    assert_contains(&page, "<p>A kettle.</p>");
    assert_contains(&page, ">fn solution() {}</code>");
    assert_contains(&page, "<p>Physics.</p>");
}

#[test]
fn only_a_check_that_measures_runs_finds_a_blocked_thread() {
    let workbook = Workbook::new("{{#exercise 03_gather}}");
    workbook.write("lessons/03_gather/check.rs", "fetch()\n");
    let page = workbook.build().unwrap();
    assert_contains(&page, "It is solved when all of this holds:");
}

#[test]
fn a_verdict_comes_from_a_snapshot() {
    let page = shown("{{#verdict 03_gather:starter}}");
    assert_contains(&page, "Output of <code>cargo workbook check 03</code></p>");
    assert_contains(
        &page,
        "output failed\">✗ it is quick\n    it took 3 ms\n- it is right\n",
    );
    let error = build_error(&Workbook::new("{{#verdict 03_gather:other}}"));
    assert_contains(
        &error,
        "could not read tests/snapshots/exercises__03_gather_other.snap",
    );
    let error = build_error(&Workbook::new("{{#verdict 03_gather}}"));
    assert_contains(&error, "no answer is named, as in `03_gather:starter`");
}

#[test]
fn an_incomplete_exercise_fails_the_build() {
    for file in ["check.rs", "hints.md", "starter.rs", "solution.rs"] {
        let path = format!("lessons/03_gather/{file}");
        let gone = Workbook::new("{{#exercise 03_gather}}").remove(&path);
        assert_contains(&build_error(&gone), &format!("could not read {path}"));
    }
    let unfinished = Workbook::new("{{#exercise 03_gather}}");
    unfinished.write("lessons/03_gather/hints.md", "# Tea\n\nBoil water.\n");
    assert_contains(
        &build_error(&unfinished),
        "hints.md: `## A nudge` is missing or out of order",
    );
}

#[test]
fn a_timeline_is_a_figure() {
    let page = shown("{{#timeline 03_gather: Look at `page=1`}}");
    assert_contains(&page, "<figure class=\"timeline\">");
    assert_contains(&page, "<svg");
    assert_contains(&page, "fetch page=1</text>");
    assert_contains(&page, "Look at <code>page=1</code>");
    assert_contains(&page, "</figcaption>");
}

#[test]
fn the_cover_is_a_timeline() {
    let page = shown("{{#cover 03_gather: Look at *it*}}");
    assert_contains(&page, "<figure class=\"cover\">");
    assert_contains(
        &page,
        "aria-label=\"in turn, 200 ms: fetch page=1 from 0 to 200 ms",
    );
    assert_contains(&page, ">page 1</text>");
    assert_contains(&page, "Look at <em>it</em>");
    let gone = Workbook::new("{{#cover 03_gather}}")
        .remove("tests/snapshots/lessons__03_gather_timeline.snap");
    assert_contains(&build_error(&gone), "{{#cover 03_gather}}: could not read");
}

#[test]
fn reading_times_are_in_the_chapter_and_the_table() {
    let workbook = Workbook::new("# Gather\n\nWords.\n");
    let summary = "[First](first.md)\n- [Gather](03_gather.md)\n";
    workbook.write("book/chapters/SUMMARY.md", summary);
    workbook.write("book/chapters/first.md", "# First\n\n{{#lessons}}\n");
    let page = workbook.build().unwrap();
    let time = "1 min to read, about 30 with the exercise";
    assert_contains(
        &page,
        &format!("</h1>\n<p class=\"reading\">Lesson 03: {time}</p>"),
    );
    let first = fs::read_to_string(workbook.path("html/first.html")).unwrap();
    assert_contains(&first, &format!("<span class=\"time\">{time}</span></td>"));
    assert!(!first.contains("class=\"reading\""), "{first}");
}

#[test]
fn a_pair_holds_two_columns() {
    let page = shown(
        "{{#pair}}\n{{#lesson 03_gather}}\n{{#and}}\n**b**\n{{#end}}\n\nafter",
    );
    assert_contains(&page, "<div class=\"pair\">");
    assert_contains(&page, "<strong>b</strong>");
    let (_, after) = page.split_once("<strong>b</strong>").unwrap();
    let after: String = after.split_whitespace().collect();
    assert_contains(&after, "</div></div><p>after</p>");
}

const PLAN: &str = "{{#plan 03_gather: Predict 10, why 5, exercise 15}}";

#[test]
fn a_plan_is_a_list_with_minutes_as_data() {
    let fold = format!(
        "<details>\n<summary>For you</summary>\n\n{PLAN}\n\n**a**\n</details>"
    );
    let page = shown(&fold);
    assert_contains(&page, "<ol class=\"plan\" data-lesson=\"03_gather\">");
    assert_contains(&page, "<li data-minutes=\"5\">Why <b>5 min</b></li>");
    assert_contains(&page, "<strong>a</strong>");
    let page = shown(&format!("{{{{#minutes 03_gather:exercise}}}} of\n\n{PLAN}"));
    assert_contains(&page, "<p>15 of</p>");
}

#[test]
fn the_minutes_of_all_lessons_are_added_up() {
    let all: u32 = LESSONS.iter().map(|lesson| lesson.minutes).sum();
    let page = shown("{{#minutes}} in all");
    assert_contains(&page, &format!("<p>{all} in all</p>"));
}

#[test]
fn a_plan_that_does_not_add_up_fails_the_build() {
    let error = build_error(&Workbook::new(&PLAN.replace("15", "16")));
    assert_contains(&error, "the parts add up to 31 minutes, but the lesson has 30");
    let error = build_error(&Workbook::new("{{#plan 03_gather}}"));
    assert_contains(&error, "no parts, as in `Predict 5, exercise 15`");
    let error = build_error(&Workbook::new("{{#minutes 03_gather:exercise}}"));
    assert_contains(
        &error,
        "book/chapters/03_gather.md: no `{{#plan 03_gather: ...}}`",
    );
}

/// Builds a chapter with a schedule. Each lesson has a plan of 24 minutes.
fn schedule(argument: &str) -> Result<String, String> {
    let workbook = Workbook::new("");
    for Lesson { name, .. } in LESSONS {
        let plan =
            format!("{{{{#plan {name}: why 9, pitfall 5, exercise 10}}}}\n\n");
        workbook.write(&format!("book/chapters/{name}.md"), &plan);
    }
    let chapter = workbook.path("book/chapters/03_gather.md");
    let plan = fs::read_to_string(&chapter).unwrap();
    fs::write(chapter, format!("{plan}{{{{#schedule {argument}}}}}\n")).unwrap();
    let page = workbook.build()?;
    // The cells of a row are between bars.
    Ok(page.replace("</td><td>", " | ").replace('\u{a0}', " "))
}

#[test]
fn a_schedule_adds_up_the_minutes_of_plans_and_pauses() {
    let page = schedule("day: 01 break 03 05 lunch 14").unwrap();
    for part in [
        "09:00 to 12:25: 130 minutes of work, 75 of breaks",
        "09:00 | Welcome<br><small>Does <code>cargo workbook doctor</code> pass on",
        "09:15 | <a href=\"01_hello_await.html\">01 Hello, await</a><br>\
         <small>Why 9, pitfall 5, exercise 11</small> | 25</td>",
        "09:40 | <em>Break</em> | 15</td>",
        "10:45 | <em>Lunch</em> | 60</td>",
        "11:45 | <a href=\"14_transactions.html\">",
        "There is time for all 4 lessons. If time runs out, drop from the end: \
         <a href=\"14_transactions.html\">14 Transactions</a> first, then <a \
         href=\"05_pool.html\">05 Pool</a>. Without PostgreSQL, leave out <a \
         href=\"05_pool.html\">05 Pool</a>, <a href=\"14_transactions.html\">",
    ] {
        assert_contains(&page, part);
    }
    assert!(!schedule("half-day: 01 02").unwrap().contains("PostgreSQL"));
}

#[test]
fn two_days_have_longer_exercises_and_own_programs() {
    let page = schedule("two-days: 01:before break 01:exercise next-day 02 own:30")
        .unwrap();
    for part in [
        "Day 1, 09:00 to 10:25: 70 minutes of work, 15 of breaks",
        "<small>Why 9, pitfall 5</small> | 14</td>",
        "<small>Exercise 21, solutions and wrong answers 5</small> | 26</td>",
        "Day 2, 09:00 to 10:40:",
        "09:00 | Look back<br>",
        "<small>Why 9, pitfall 5, exercise 21, solutions and wrong answers 5</small>",
        "09:55 | Your own programs<br>",
        "There is time for all 2 lessons.",
    ] {
        assert_contains(&page, part);
    }
}

#[test]
fn a_schedule_that_is_not_possible_fails_the_build() {
    for (argument, error) in [
        ("week: 01", "no schedule `week`; expected one of: half-day, day, two-days"),
        ("day", "no lessons, as in `day: 01 02 break 03`"),
        ("day: 01 99", "no lesson `99`; expected one of: 01_hello_await, "),
        ("day: 01:why", "no part `why`; expected `before` or `exercise`"),
        ("day: own:long", "own:long: invalid digit"),
        ("half-day: 01 02 03 04", "110 minutes without a break; at most 100"),
        (
            "half-day: 01 02 03 break 04 05 06 lunch 07",
            "day 1 ends at 13:25, later than 13:00",
        ),
    ] {
        assert_contains(&schedule(argument).unwrap_err(), error);
    }
    let workbook = Workbook::new("{{#schedule day: 01}}");
    assert_contains(
        &build_error(&workbook),
        "{{#schedule day: 01}}: could not read book/chapters/01_hello_await.md",
    );
}

#[test]
fn an_escaped_directive_is_shown() {
    assert_contains(&shown(r"`\{{#lesson x}}`"), "<code>{{#lesson x}}</code>");
}

#[test]
fn a_missing_program_fails_the_build() {
    let gone =
        Workbook::new("{{#lesson 03_gather}}").remove("lessons/03_gather/lesson.rs");
    let error = build_error(&gone);
    assert_contains(
        &error,
        "03_gather.md: {{#lesson 03_gather}}: could not read lessons/03_gather/lesson.rs",
    );
    let gone =
        Workbook::new("{{#python 03_gather}}").remove("lessons/03_gather/python.py");
    assert_contains(
        &build_error(&gone),
        "could not read lessons/03_gather/python.py",
    );
}

#[test]
fn a_missing_anchor_fails_the_build() {
    let error = build_error(&Workbook::new("{{#lesson 03_gather:cor}}"));
    assert_contains(
        &error,
        "{{#lesson 03_gather:cor}}: lessons/03_gather/lesson.rs: no anchor `cor`, only [core]",
    );
}

#[test]
fn a_missing_snapshot_fails_the_build() {
    let path = "tests/snapshots/lessons__03_gather.snap";
    let gone = Workbook::new("{{#output 03_gather}}").remove(path);
    assert_contains(
        &build_error(&gone),
        &format!("{{{{#output 03_gather}}}}: could not read {path}"),
    );
    let path = "tests/snapshots/python__03_gather.snap";
    let gone = Workbook::new("{{#python-output 03_gather}}").remove(path);
    assert_contains(&build_error(&gone), &format!("could not read {path}"));
}

#[test]
fn a_missing_block_of_output_fails_the_build() {
    let error = build_error(&Workbook::new("{{#output 03_gather:apart}}"));
    assert_contains(&error, "no line of the output contains `apart`");
}

#[test]
fn a_missing_or_broken_timeline_fails_the_build() {
    let path = "tests/snapshots/lessons__03_gather_timeline.snap";
    let gone = Workbook::new("{{#timeline 03_gather}}").remove(path);
    assert_contains(&build_error(&gone), &format!("could not read {path}"));
    let broken = Workbook::new("{{#timeline 03_gather}}");
    broken.snapshot("lessons__03_gather_timeline", "no JSON");
    assert_contains(&build_error(&broken), &format!("{path} is not a recording"));
    broken.snapshot("lessons__03_gather_timeline", "{\"sections\": []}");
    assert_contains(&build_error(&broken), &format!("{path} is empty"));
}

#[test]
fn unknown_lessons_and_directives_fail_the_build() {
    let error =
        build_error(&Workbook::new("{{#lesson 99_none}}\n\n{{#include ../a.rs}}\n"));
    assert_contains(&error, "2 directives failed:");
    assert_contains(
        &error,
        "03_gather.md: {{#lesson 99_none}}: no lesson `99_none`; expected one of: 01_",
    );
    assert_contains(
        &error,
        "{{#include ../a.rs}}: no directive `include`; expected one of: and, axis, broken, choose, compare, cover, draw,",
    );
}

#[test]
fn a_comparison_comes_from_its_file() {
    let workbook = Workbook::new("{{#compare ratio json json rust}} times");
    let path = "book/compare/result.json";
    assert_contains(&build_error(&workbook), &format!("could not read {path}"));
    workbook.write(path, "{}");
    assert_contains(&build_error(&workbook), &format!("{path}: could not parse it"));
    let saved = fs::read_to_string(render::book_dir().join("compare/result.json"));
    workbook.write(path, &saved.unwrap());
    assert_contains(&workbook.build().unwrap(), " times</p>");
    workbook.write("book/chapters/03_gather.md", "{{#compare value tea rust}}");
    assert_contains(&build_error(&workbook), "no measurement `tea rust`");
}

#[test]
fn the_first_directive_of_a_chapter_is_repeated() {
    let chapter = "{{#lesson 03_gather:core}}\n\n{{#lesson 03_gather}}\n\n";
    let page = shown(&format!("{chapter}{{{{#first 03_gather lesson}}}}"));
    assert_eq!(page.matches("fn main()").count(), 1, "{page}");
    assert_eq!(page.matches("println!").count(), 3, "{page}");
    let absent = build_error(&Workbook::new("{{#first 03_gather guess}}"));
    assert_contains(&absent, "no `guess` in book/chapters/03_gather.md");
    let itself = build_error(&Workbook::new("{{#first 03_gather first}}"));
    assert_contains(&itself, "expected a chapter and a directive");
}
