use std::fs;

use super::*;
use crate::{
    fixtures::{container, words},
    settings::ImageLimits,
};

/// Words of the container's command and args, and of the image's; and what is run.
fn check(command: &[&str], args: &[&str], of_image: (&[&str], &[&str]), expect: Option<&[&str]>) {
    let mut container = container("main");
    container.command = words(command);
    container.args = words(args);
    let image = Image { command: words(of_image.0), args: words(of_image.1), ..Image::default() };
    let line = command_line(&container, &image).ok();
    assert_eq!(line, expect.map(words), "{command:?} {args:?} {of_image:?}");
}

#[test]
fn command_and_args_replace_those_of_the_image_as_in_kubernetes() {
    let image: (&[&str], &[&str]) = (&["/ep"], &["cmd"]);
    check(&[], &[], image, Some(&["/ep", "cmd"]));
    check(&[], &["a"], image, Some(&["/ep", "a"]));
    check(&["c"], &[], image, Some(&["c"]));
    check(&["c"], &["a"], image, Some(&["c", "a"]));
    check(&[], &[], (&[], &["cmd", "x"]), Some(&["cmd", "x"]));
    check(&[], &["a"], (&[], &["cmd"]), Some(&["a"]));
    check(&[], &[], (&[], &[]), None);
}

#[test]
fn an_image_that_nobody_knows_names_both_ways_to_mend_it() {
    let folder = tempfile::tempdir().unwrap();
    let store = ImageStore::new(folder.path().into(), ImageLimits::default(), "/".into());
    let told = |image: &str| {
        let mut container = container("main");
        image.clone_into(&mut container.image);
        resolve(&container, &[], &store, None).unwrap_err().to_string()
    };
    let unknown = told("ghcr.io/acme/web:1");
    for part in
        ["ghcr.io/acme/web:1", "\"main\"", "file:PATH", "image map", "tidegate.dev/image-map"]
    {
        assert!(unknown.contains(part), "{part} in {unknown}");
    }
    assert_eq!(
        told("file:nowhere"),
        "image \"file:nowhere\" of container \"main\": there is no /nowhere; a relative path is \
         meant below the folder in which the server was started"
    );
}

#[test]
fn rules_of_the_template_come_before_those_of_the_settings() {
    let folder = tempfile::tempdir().unwrap();
    let store = ImageStore::new(folder.path().into(), ImageLimits::default(), "/srv".into());
    let rule = |image: &str, command: &str| ImageRule {
        image: image.to_owned(),
        command: words(&[command]),
        args: Vec::new(),
        env: Variables::new(),
        folder: None,
    };
    let own = [rule("example/web:2", "own")];
    let settings = [rule("example/*:*", "settings"), rule("*", "last")];
    let run = |image: &str| {
        let mut container = container("main");
        image.clone_into(&mut container.image);
        let found = resolve(&container, &[&own, &settings], &store, None).unwrap();
        assert_eq!(found.folder, Path::new("/srv"));
        found.command
    };
    assert_eq!(run("example/web:2"), ["own"]);
    assert_eq!(run("example/web:1"), ["settings"]);
    assert_eq!(run("other"), ["last"]);
}

#[test]
fn absolute_paths_of_an_image_are_meant_inside_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir_all(root.join("app/bin")).unwrap();
    fs::write(root.join("app/bin/web"), "").unwrap();
    let image = Image {
        command: words(&["/app/bin/web"]),
        folder: root.join("app"),
        root: Some(root.to_owned()),
        ..Image::default()
    };
    let inside = root.join("app/bin/web").display().to_string();
    let mut main = container("main");
    assert_eq!(command_line(&main, &image).unwrap(), [inside]);
    main.command = words(&["/bin/sh", "/app/bin/web"]);
    assert_eq!(command_line(&main, &image).unwrap(), ["/bin/sh", "/app/bin/web"]);

    let check = |working_dir: Option<&str>, expect: Result<&Path, &str>| {
        let mut main = container("main");
        main.working_dir = working_dir.map(str::to_owned);
        let found = working_folder(&main, &image).map_err(|error| error.to_string());
        assert_eq!(found.as_deref().map_err(String::as_str), expect, "{working_dir:?}");
    };
    check(None, Ok(&root.join("app")));
    check(Some("bin"), Ok(&root.join("app/bin")));
    check(Some("/app/bin"), Ok(&root.join("app/bin")));
    check(Some("/tmp"), Ok(Path::new("/tmp")));
    check(
        Some("/nowhere"),
        Err(
            "container \"main\": workingDir \"/nowhere\" is no folder of its image or of this machine",
        ),
    );
}
