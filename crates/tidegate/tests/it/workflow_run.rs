//! Workflows of real repositories, run by real shells.

use std::{
    fs,
    io::Read as _,
    os::unix::process::CommandExt as _,
    process::{Command, Stdio},
};

use serde_json::Value;

use crate::program::{Program, Said};

/// A program in a repository with these files, committed.
fn repository(files: &[(&str, &str)]) -> Program {
    let program = Program::new();
    for (path, text) in files {
        program.write(path, text);
    }
    git(&program, &["init", "-q", "-b", "main"]);
    commit(&program);
    program
}

fn commit(program: &Program) {
    git(program, &["add", "-A", "--", ":!data"]);
    git(
        program,
        &["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "one"],
    );
}

fn git(program: &Program, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(program.folder()).args(arguments);
    let output = command.env("GIT_CONFIG_GLOBAL", "/dev/null").output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn prepared(program: &Program, arguments: &[&str]) -> Command {
    let mut command = program.command();
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.args(["workflow", "run"]).args(arguments);
    command
}

fn run(program: &Program, arguments: &[&str]) -> Said {
    program.said(&prepared(program, arguments).output().unwrap())
}

/// What a run printed as JSON.
fn told(program: &Program, arguments: &[&str]) -> Value {
    of_json(&mut prepared(program, &[arguments, &["-o", "json"]].concat()))
}

fn of_json(command: &mut Command) -> Value {
    let output = command.output().unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Each job's name and result.
fn results(told: &Value) -> Vec<String> {
    let jobs = told["jobs"].as_array().unwrap().iter();
    jobs.map(|job| format!("{} {}", job["name"].as_str().unwrap(), job["result"].as_str().unwrap()))
        .collect()
}

/// The log of a job.
fn log(told: &Value, job: &str) -> String {
    let job = told["jobs"].as_array().unwrap().iter().find(|one| one["name"] == job).unwrap();
    fs::read_to_string(job["log"].as_str().unwrap()).unwrap()
}

#[track_caller]
fn contains(text: &str, words: &[&str]) {
    for word in words {
        assert!(text.contains(word), "{text}\nshould say {word:?}");
    }
}

const ALL: &str = r"
name: All
on: [push, workflow_dispatch]
env: {GREETING: hello}
jobs:
  build:
    runs-on: ubuntu-latest
    outputs: {sum: '${{ steps.sum.outputs.sum }}'}
    steps:
      - uses: actions/checkout@v4
      - id: sum
        run: |
          test -f README.md
          test $(git symbolic-ref HEAD) = refs/heads/main && git rev-parse -q --verify origin/main
          git tag v9 && ! git push -q origin v9
          echo sum=$((40+2)) >> $GITHUB_OUTPUT
          echo WHO=world >> $GITHUB_ENV
          mkdir -p tools out; printf '#!/bin/sh\necho tool of $1\n' > tools/tool; chmod +x tools/tool
          echo $PWD/tools >> $GITHUB_PATH
          echo data > out/a.txt
          echo '::warning file=README.md,line=2,title=Look::here'
          echo '# Done' >> $GITHUB_STEP_SUMMARY
      - uses: ./.github/actions/greet
        id: greet
        with: {who: '${{ env.WHO }}'}
      - run: tool '${{ steps.greet.outputs.text }}' && echo $GREETING $GITHUB_REF_NAME
      - uses: actions/upload-artifact@v4
        with: {name: files, path: out}
      - uses: actions/cache@v4
        id: cache
        with: {path: out, key: one}
      - run: echo hit=${{ steps.cache.outputs.cache-hit }}
  test:
    needs: build
    runs-on: ubuntu-latest
    strategy: {matrix: {n: [1, 2]}}
    steps:
      - uses: actions/download-artifact@v5
        with: {name: files, path: in}
      - run: cat in/a.txt; echo sum ${{ needs.build.outputs.sum }} of $GITHUB_JOB ${{ matrix.n }}; test ${{ matrix.n }} = 1
        continue-on-error: true
  last:
    needs: [build, test]
    runs-on: [self-hosted, linux]
    steps: [{run: 'echo tests came to ${{ needs.test.result }}'}]
";

const GREET: &str = "name: Greet\ndescription: x\ninputs: {who: {default: nobody}}\noutputs: {text: {description: y, value: '${{ steps.a.outputs.text }}'}}\nruns:\n  using: composite\n  steps:\n    - id: a\n      shell: bash\n      run: echo text=hi ${{ inputs.who }} >> $GITHUB_OUTPUT\n";

#[test]
fn all_that_a_workflow_asks_for_happens() {
    let program = repository(&[
        (".github/workflows/all.yml", ALL),
        (".github/actions/greet/action.yml", GREET),
        ("README.md", "# One\n"),
    ]);
    let first = told(&program, &[]);
    assert_eq!(first["result"], "success", "{first:#}");
    let mut all = results(&first);
    // Two jobs of a matrix begin at once.
    all.sort_unstable();
    assert_eq!(all, ["build success", "last success", "test (1) success", "test (2) success"]);
    let build = log(&first, "build");
    contains(&build, &["tool of hi world", "hello main", "hit=\n", "Cache saved with key: one"]);
    contains(&log(&first, "test (2)"), &["data", "sum 42 of test 2", "exit code 1"]);
    contains(&log(&first, "last"), &["tests came to success"]);
    let job = &first["jobs"][0];
    assert_eq!(job["annotations"][0]["title"], "Look");
    assert_eq!(
        (&job["annotations"][0]["file"], &job["annotations"][0]["line"]),
        (&"README.md".into(), &2.into())
    );
    contains(job["summary"].as_str().unwrap(), &["# Done"]);
    let jobs = first["jobs"].as_array().unwrap();
    let second = jobs.iter().find(|job| job["name"] == "test (2)").unwrap();
    let failed = &second["steps"][1];
    assert_eq!((&failed["outcome"], &failed["conclusion"]), (&"failure".into(), &"success".into()));

    let second = told(&program, &["all", "--event", "workflow_dispatch"]);
    assert_eq!((&second["run"], &second["event"]), (&2.into(), &"workflow_dispatch".into()));
    contains(&log(&second, "build"), &["hit=true", "not saving cache"]);
    let tags = Command::new("git").current_dir(program.folder()).arg("tag").output().unwrap();
    assert!(tags.stdout.is_empty(), "a run pushed into the repository that it is of");
}

#[test]
fn a_failure_is_the_exit_code_and_what_follows_is_as_it_says() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: exit 3}, {run: echo never}, {run: echo mopped, if: failure()}]\n  b: {needs: a, runs-on: x, steps: [{run: echo b}]}\n  c: {needs: a, if: always(), runs-on: x, steps: [{run: 'echo a came to ${{ needs.a.result }}'}]}\n",
    )]);
    let said = run(&program, &[]);
    assert_eq!(said.code, 1, "{}{}", said.out, said.err);
    contains(&said.out, &["failure", "success"]);
    contains(
        &said.err,
        &["[a]   error: Process completed with exit code 3.", "mopped", "a came to failure"],
    );
    assert!(
        !said.err.contains("echo never\n") || said.err.contains("– Run echo never skipped"),
        "{}",
        said.err
    );
}

#[test]
fn a_secret_is_masked_wherever_it_is_printed() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    outputs: {out: '${{ steps.s.outputs.out }}'}\n    steps:\n      - id: s\n        env: {TOKEN: '${{ secrets.TOKEN }}'}\n        run: |\n          echo \"it is $TOKEN\"; echo -n \"$TOKEN\" | base64; echo \"::add-mask::other-one\"; echo other-one\n          echo \"out=$TOKEN\" >> $GITHUB_OUTPUT\n      - run: echo ${{ secrets.TOKEN }}\n      - {name: 'say ${{ secrets.TOKEN }}', run: 'true'}\n  b: {needs: a, runs-on: x, steps: [{run: 'echo got [${{ needs.a.outputs.out }}]'}]}\n",
    )]);
    let mut command = prepared(&program, &["--secret", "TOKEN", "-o", "json"]);
    let told = of_json(command.env("TOKEN", "hunter2-and-more"));
    let a = log(&told, "a");
    contains(&told.to_string(), &["Run echo ***", "say ***"]);
    contains(&a, &["it is ***", "Skip output 'out' since it may contain secret."]);
    for secret in ["hunter2", "aHVudGVyMi1hbmQtbW9yZQ", "other-one\n***"] {
        assert!(!a.contains(secret) && !told.to_string().contains(secret), "{a}");
    }
    contains(&log(&told, "b"), &["got []"]);
    let said = run(&program, &["--secret", "NOBODY"]);
    assert_eq!(said.code, 2);
    contains(&said.err, &["the secret NOBODY has no value"]);
}

#[test]
fn what_cannot_be_had_is_refused_by_name_before_anything_runs() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: windows-latest\n    container: alpine\n    steps: [{run: touch ../../../../../ran}, {uses: owner/name@v1}, {uses: 'docker://alpine'}]\n  b: {runs-on: x, services: {db: postgres}, steps: [{run: a}]}\n",
    )]);
    let said = run(&program, &[]);
    assert_eq!(said.code, 1);
    contains(
        &said.err,
        &[
            "ci.yml:4:14: job a runs on windows-latest",
            "job a runs in a container",
            "ci.yml:6:53: owner/name@v1: owner/name is not on this machine",
            "docker://alpine cannot run here",
            "job b has services",
        ],
    );
    assert!(!program.data().join("workflow/runs").exists());
}

#[test]
fn an_event_that_its_filters_leave_out_starts_nothing() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: {push: {branches: [release]}}\njobs: {a: {runs-on: x, steps: [{run: echo ran}]}}\n",
    )]);
    let said = run(&program, &[]);
    assert_eq!(said.code, 1);
    contains(
        &said.err,
        &["push does not start .github/workflows/ci.yml", "branch main", "--regardless"],
    );
    assert_eq!(run(&program, &["--regardless"]).code, 0);
    let said = run(&program, &["nothing"]);
    assert_eq!(said.code, 2);
    contains(&said.err, &["there is no workflow nothing", "workflow list"]);
}

#[test]
fn inputs_are_given_and_checked() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: {workflow_dispatch: {inputs: {level: {type: choice, options: [low, high], default: low}, count: {type: number, required: true}}}}\njobs: {a: {runs-on: x, steps: [{run: 'echo ${{ inputs.level }} ${{ inputs.count == 3 }} ${{ github.event.inputs.count == ''3'' }} ${{ vars.V }}'}]}}\n",
    )]);
    let one = told(&program, &["--input", "count=3", "--var", "V=v"]);
    contains(&log(&one, "a"), &["low true true v"]);
    let said = run(&program, &["-i", "level=middle"]);
    assert_eq!(said.code, 2, "{}", said.err);
    contains(&said.err, &["count", "level"]);
}

#[test]
fn workflows_call_each_other_with_inputs_secrets_and_outputs() {
    let program = repository(&[
        (
            ".github/workflows/ci.yml",
            "on: push\njobs:\n  call:\n    uses: ./.github/workflows/part.yml\n    with: {who: ada}\n    secrets: {key: '${{ secrets.KEY }}'}\n  after: {needs: call, runs-on: x, steps: [{run: 'echo after ${{ needs.call.outputs.text }}'}]}\n",
        ),
        (
            ".github/workflows/part.yml",
            "on:\n  workflow_call:\n    inputs: {who: {type: string, required: true}}\n    secrets: {key: {required: true}}\n    outputs: {text: {value: '${{ jobs.one.outputs.text }}'}}\njobs:\n  one:\n    runs-on: x\n    outputs: {text: '${{ steps.a.outputs.text }}'}\n    steps: [{id: a, run: 'echo text=hi-${{ inputs.who }} >> $GITHUB_OUTPUT; echo ${#KEY}', env: {KEY: '${{ secrets.key }}'}}]\n",
        ),
    ]);
    let mut command = prepared(&program, &["ci", "--secret", "KEY", "-o", "json"]);
    let told = of_json(command.env("KEY", "0123456789"));
    assert_eq!(results(&told), ["call / one success", "after success"]);
    contains(&log(&told, "call / one"), &["10\n"]);
    contains(&log(&told, "after"), &["after hi-ada"]);
}

#[test]
fn actions_of_node_run_with_their_stages_from_a_folder_of_repositories() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - id: one\n        uses: someone/one@v1\n        with: {who: ada}\n      - run: echo ${{ steps.one.outputs.said }}\n",
    )]);
    let one = program.folder().join("data-of-others/someone/one");
    fs::create_dir_all(&one).unwrap();
    let write = |name: &str, text: &str| fs::write(one.join(name), text).unwrap();
    write(
        "action.yml",
        "name: One\ndescription: x\ninputs: {who: {default: nobody}}\nruns: {using: node20, main: m.js, post: p.js}\n",
    );
    write(
        "m.js",
        "const fs = require('fs'); fs.appendFileSync(process.env.GITHUB_OUTPUT, `said=hi ${process.env.INPUT_WHO}\\n`); fs.appendFileSync(process.env.GITHUB_STATE, 'kept=7\\n')\n",
    );
    write("p.js", "console.log('kept', process.env.STATE_kept)\n");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        let output = command.current_dir(&one).args(arguments).output().unwrap();
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["-c", "user.name=Ada", "-c", "user.email=ada@example.com", "commit", "-q", "-m", "one"]);
    git(&["tag", "v1"]);
    let told = told(&program, &["--actions", "data-of-others"]);
    assert_eq!(told["result"], "success", "{told:#}{}", log(&told, "a"));
    contains(&log(&told, "a"), &["hi ada", "kept 7"]);
    let said = run(&program, &[]);
    contains(&said.err, &["clone it to DIR/someone/one and name DIR with --actions"]);
}

#[test]
fn an_interrupt_ends_what_runs_and_what_is_to_run_even_so_runs() {
    let program = repository(&[(
        ".github/workflows/ci.yml",
        "on: push\njobs:\n  a:\n    runs-on: x\n    steps: [{run: echo begun; sleep 1000}, {run: echo never}, {run: echo mopped, if: always()}]\n  b: {needs: a, runs-on: x, steps: [{run: echo b}]}\n",
    )]);
    let mut command = prepared(&program, &["-o", "json"]);
    let mut child = command.stdout(Stdio::piped()).process_group(0).spawn().unwrap();
    let log = program.data().join("workflow/runs/1/a-0-1.log");
    crate::program::until("the step has begun", || {
        fs::read_to_string(&log).is_ok_and(|log| log.contains("\nbegun\n"))
    });
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&child),
        rustix::process::Signal::INT,
    )
    .unwrap();
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["result"], "cancelled", "{told:#}");
    let outcomes: Vec<_> = told["jobs"][0]["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|step| step["outcome"].as_str().unwrap())
        .collect();
    assert_eq!(outcomes, ["cancelled", "skipped", "success"]);
    contains(&fs::read_to_string(&log).unwrap(), &["The operation was canceled.", "mopped"]);
}

#[test]
fn the_actions_that_need_no_node_are_told() {
    let said = Program::new().run(&["workflow", "actions"]);
    contains(&said.out, &["actions/checkout", "actions/setup-node"]);
}
