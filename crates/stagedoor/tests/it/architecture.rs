//! What ARCHITECTURE.md promises about the source, read from the source. Each test says what to do
//! when it fails; changing a table here is a decision about the design, made in the open.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// Our crates, lowest layer first. A crate depends on layers below its own and on none beside it.
const LAYERS: &[&[&str]] = &[
    &["stagedoor-core"],
    &["stagedoor-store", "stagedoor-journal", "stagedoor-outbound"],
    &["stagedoor-jobs", TESTKIT],
    &["stagedoor-notify"],
    &[
        "stagedoor-catalog",
        "stagedoor-gate",
        "stagedoor-identity",
        "stagedoor-inventory",
        "stagedoor-payments",
        "stagedoor-tickets",
        "stagedoor-webapp",
    ],
    &["stagedoor-sales"],
    &["stagedoor-api"],
    &["stagedoor", "stagedoor-bench"],
];

/// Any crate's tests may use it; nothing that ships may.
const TESTKIT: &str = "stagedoor-testkit";

/// Dependencies that decide how a crate meets the world, and the only crates that may name them.
/// Tests may name what they like.
const RESERVED: &[(&str, &[&str])] = &[
    ("axum", &["stagedoor-api", "stagedoor", "stagedoor-bench", "stagedoor-webapp"]),
    ("hyper", &["stagedoor-api", "stagedoor", "stagedoor-bench", "stagedoor-outbound", TESTKIT]),
    ("utoipa", &["stagedoor-api", "stagedoor"]),
    ("reqwest", &["stagedoor-outbound"]),
    ("lettre", &["stagedoor-notify"]),
    ("hickory-resolver", &["stagedoor-outbound"]),
    ("sea-orm", &["stagedoor-store"]),
    ("sqlx", &["stagedoor-store", "stagedoor-journal", "stagedoor-bench", TESTKIT]),
    ("rusqlite", &["stagedoor-journal", "stagedoor-bench"]),
    ("redis", &["stagedoor-gate", "stagedoor-bench"]),
    ("clap", &["stagedoor", "stagedoor-bench"]),
];

/// Rules that are pure functions of what they are given. `(folder or file, words it must not say)`.
const PURE: &[&str] = &["crates/core/src", "crates/inventory/src/engine"];
const WORLDLY: &[&str] = &["std::fs", "std::net", "std::thread", "std::process", "tokio::", "store::", "journal::"];

/// A source file longer than this has a seam in it.
const LINES_MAX: usize = 640;

#[test]
fn dependencies_point_down() {
    let layer_of: BTreeMap<_, _> =
        LAYERS.iter().enumerate().flat_map(|(layer, names)| names.iter().map(move |name| (*name, layer))).collect();
    let mut wrong = Vec::new();
    for (name, dependencies) in workspace() {
        let Some(layer) = layer_of.get(name.as_str()) else {
            wrong.push(format!("{name} stands in no layer"));
            continue;
        };
        for Dependency { name: below, kind } in dependencies {
            let Some(below_layer) = layer_of.get(below.as_str()) else { continue };
            let allowed = if below == TESTKIT { kind == Kind::Dev } else { below_layer < layer };
            if !allowed {
                wrong.push(format!("{name} -> {below} ({kind:?})"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not point down: {wrong:#?}");
}

#[test]
fn heavy_dependencies_stay_where_they_belong() {
    let mut wrong = Vec::new();
    for (name, dependencies) in workspace() {
        for dependency in dependencies.iter().filter(|dependency| dependency.kind == Kind::Shipped) {
            let reserved = RESERVED.iter().find(|(heavy, _)| *heavy == dependency.name);
            if reserved.is_some_and(|(_, owners)| !owners.contains(&name.as_str())) {
                wrong.push(format!("{name} -> {}", dependency.name));
            }
        }
    }
    assert!(wrong.is_empty(), "dependencies reserved for other crates: {wrong:#?}");
}

#[test]
fn pure_rules_know_nothing_of_the_world() {
    let mut wrong = Vec::new();
    for path in tracked(&["rs"]) {
        if !PURE.iter().any(|pure| path.starts_with(pure)) {
            continue;
        }
        for (number, line) in code_lines(&read(&path)) {
            // A word of its own: `Restore::` is not `store::`.
            let said = WORLDLY.iter().find(|word| {
                line.match_indices(*word)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            });
            if let Some(word) = said {
                wrong.push(format!("{}:{number}: {word}", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "pure code that does I/O: {wrong:#?}");
}

#[test]
fn a_table_is_named_only_in_its_owners_sql() {
    let owners = table_owners();
    assert!(owners.len() > 20, "the migrations were not understood: {owners:?}");
    let mut used = BTreeSet::new();
    let mut wrong = Vec::new();
    for path in tracked(&["rs"]) {
        let Some(user) = crate_of(&path).filter(|_| path.iter().any(|part| part == "src")) else { continue };
        // The store is all SQL; everyone else keeps it in one place.
        let in_place = user == "store" || path.iter().any(|part| part == "sql" || part == "sql.rs");
        for table in tables_in(&read(&path)) {
            let Some(owner) = owners.get(&table) else { continue };
            used.insert(table.clone());
            if *owner != user || !in_place {
                wrong.push(format!("{} names {table}, which {owner} owns", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "SQL out of place: {wrong:#?}");
    let unused: Vec<_> = owners.keys().filter(|table| !used.contains(*table)).collect();
    assert!(unused.is_empty(), "tables that no statement names: {unused:?}");
}

#[test]
fn the_statement_reader_finds_tables_however_the_statement_is_broken() {
    let source = "// SELECT 1 FROM comment\n\"UPDATE one SET x = 1\", \"SELECT * FROM\n    two JOIN three ON true\", \
                  \"INSERT INTO four (a) SELECT a FROM five, six\", \"delete from lower\"";
    assert_eq!(tables_in(source), ["one", "two", "three", "four", "five", "six"]);
}

#[test]
fn what_goes_round_the_wall_between_tenants_is_known() {
    let known = ["crates/api/src/audit.rs", "crates/payments/src/simulated.rs", "crates/store/src/connect.rs"];
    let used: BTreeSet<_> = find_in(&["rs"], &[concat!("beyond_", "tenants(")])
        .into_iter()
        .filter_map(|place| Some(place.split_once(':')?.0.to_owned()))
        .filter(|path| path.contains("/src/"))
        .collect();
    assert_eq!(used, known.map(str::to_owned).into(), "a tenant's request does this as the platform");
}

#[test]
fn tests_that_reach_a_database_run_on_each() {
    // The run on PostgreSQL repeats the integration tests and, of those beside the code, these.
    let wrong: Vec<_> = tracked(&["rs"])
        .into_iter()
        .filter(|path| crate_of(path) != Some("testkit") && path.iter().any(|part| part == "src"))
        .filter(|path| read(path).contains("TestStore") && !read(path).contains("mod database_tests {"))
        .collect();
    assert!(wrong.is_empty(), "move these tests to tests/it or into `mod database_tests`: {wrong:#?}");
}

#[test]
fn nothing_is_left_for_later() {
    let marks = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("to", "do!("),
        concat!("unimple", "mented!("),
        concat!("db", "g!("),
        concat!("#[ig", "nore"),
        concat!("it.", "skip("),
        concat!("test.", "skip("),
    ];
    let found = find_in(&["rs", "sql", "sh", "toml", "mjs", "js", "ts", "md", "html"], &marks);
    assert!(found.is_empty(), "finish or remove: {found:#?}");
}

#[test]
fn no_file_names_a_registry_or_a_machine() {
    let hosts = [
        concat!("crates", ".io"),
        concat!("npmjs", ".org"),
        concat!("npmjs", ".com"),
        concat!("pypi", ".org"),
        concat!("python", "hosted.org"),
        concat!("deb.debian", ".org"),
        concat!("/ro", "ot/"),
        concat!("/wo", "rk/"),
    ];
    // Cargo itself writes the registry's name into its lock file.
    let found: Vec<_> = find_in(&[], &hosts).into_iter().filter(|place| !place.starts_with("Cargo.lock:")).collect();
    assert!(found.is_empty(), "the project builds wherever its registries are: {found:#?}");
}

#[test]
fn files_stay_short_enough_to_read() {
    let long: Vec<_> = tracked(&["rs", "sh", "mjs", "js", "ts", "sql"])
        .into_iter()
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(lines, _)| *lines > LINES_MAX)
        .collect();
    assert!(long.is_empty(), "split these along a seam: {long:#?}");
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Part of what runs, or of what builds it.
    Shipped,
    Dev,
}

struct Dependency {
    name: String,
    kind: Kind,
}

/// The workspace's packages with what each one's manifest names.
fn workspace() -> BTreeMap<String, Vec<Dependency>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    let dependency = |value: &Value| Dependency {
        name: text(&value["name"]),
        kind: if value["kind"] == "dev" { Kind::Dev } else { Kind::Shipped },
    };
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies");
            (text(&package["name"]), dependencies.iter().map(dependency).collect())
        })
        .collect()
}

/// Table to the folder of the crate that owns it: `migrations/000N_<crate>[_<topic>].sql`, and the
/// journal's own files, which are no part of the schema.
fn table_owners() -> BTreeMap<String, String> {
    let mut owners = BTreeMap::new();
    for path in tracked(&["sql"]) {
        let stem = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let Some(owner) = stem.split('_').nth(1).filter(|_| path.starts_with("migrations")) else { continue };
        assert!(root().join("crates").join(owner).is_dir(), "{} belongs to no crate", path.display());
        let created = created_in(&read(&path)).into_iter();
        for table in created {
            // Its owner may make it anew, where a database cannot change it as it stands.
            let before = owners.insert(table.clone(), owner.to_owned());
            assert!(before.is_none_or(|before| before == owner), "{table} has two owners");
        }
    }
    let journal = created_in(&read(Path::new("crates/journal/src/sql.rs")));
    owners.extend(journal.into_iter().map(|table| (table, "journal".to_owned())));
    owners
}

fn created_in(sql: &str) -> BTreeSet<String> {
    let words: Vec<_> = words(sql).collect();
    let names = words.windows(6).filter(|window| window[0] == "CREATE" && window[1] == "TABLE");
    names.map(|window| if window[2] == "IF" { window[5] } else { window[2] }.to_owned()).collect()
}

/// The tables that statements in `source` read or write. SQL keywords are written in capitals here.
fn tables_in(source: &str) -> Vec<String> {
    let code = code_lines(source).map(|(_, line)| line).collect::<Vec<_>>().join("\n");
    let mut tables = Vec::new();
    let mut words = words(&code).peekable();
    while let Some(word) = words.next() {
        if !["FROM", "INTO", "UPDATE", "JOIN", "TABLE"].contains(&word) {
            continue;
        }
        // `FROM a, b`: a list goes on as long as commas do.
        while let Some(table) = words.next_if(|next| next.starts_with(|c: char| c.is_ascii_lowercase())) {
            tables.push(table.to_owned());
            if words.next_if_eq(&",").is_none() {
                break;
            }
        }
    }
    tables
}

/// Identifiers, and every other visible character on its own.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        rest = rest.trim_start();
        let identifier = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        let end = if identifier > 0 { identifier } else { rest.chars().next()?.len_utf8() };
        let (word, after) = rest.split_at(end);
        rest = after;
        Some(word)
    })
}

/// Numbered lines without those that are comments.
fn code_lines(source: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.lines().enumerate().map(|(index, line)| (index + 1, line));
    lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
}

/// `file:line: text` wherever a tracked file with one of these extensions (any, when none is
/// given) says one of `marks`.
fn find_in(extensions: &[&str], marks: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for path in tracked(extensions) {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue }; // a picture
        for (index, line) in text.lines().enumerate() {
            if let Some(mark) = marks.iter().find(|mark| line.contains(*mark)) {
                found.push(format!("{}:{}: {mark}", path.display(), index + 1));
            }
        }
    }
    found
}

/// Files under version control with one of these extensions (any, when none is given), relative
/// to the root.
fn tracked(extensions: &[&str]) -> Vec<PathBuf> {
    let output = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let files = String::from_utf8(output.stdout).expect("our file names are UTF-8");
    files
        .split_terminator('\0')
        .map(PathBuf::from)
        .filter(|path| extensions.is_empty() || path.extension().is_some_and(|e| extensions.iter().any(|x| e == *x)))
        .filter(|path| root().join(path).exists()) // deleted, and not yet committed
        .collect()
}

/// The folder under `crates/` that the file is in.
fn crate_of(path: &Path) -> Option<&str> {
    path.strip_prefix("crates").ok()?.iter().next()?.to_str()
}

fn read(path: &Path) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
