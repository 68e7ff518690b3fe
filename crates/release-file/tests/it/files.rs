use tidegate_release_file::{Kind, Pointer, depends_on, inherits_version, name, read};

use crate::{check, check_kind};

#[test]
fn cargo() {
    check(
        "Cargo.toml",
        "# ours\n[package]\nname   = \"own\" # who\nversion   =  '§'   # what\n\n[dependencies]\nversion = \"1.2.3\"\nserde = { version = \"1.2.3\", path = \"../serde\" }\n",
    );
    check(
        "a/Cargo.toml",
        "[workspace]\nmembers = [\n  \"a\",\n]\n[workspace.package]\nversion = \"§\"\n",
    );
    check(
        "Cargo.toml",
        "[package]\nname = \"x\"\nversion = \"§\"\n[dependencies]\nown = { path = \"../own\", version = \"=§\" }\nother = { version = \"^§\", package = \"own\", path = \"o\" }\n[dependencies.third]\npackage = \"own\"\npath = \"t\"\nversion = \"§\"\n[target.'cfg(unix)'.dev-dependencies]\nown = { path = \"x\", version = \"~§\" }\n[workspace.dependencies]\nown = { version = \"§\", path = \"own\" }\n[build-dependencies]\nown = { version = \"1.2.3\" }\n",
    );
    let inherits = "[package]\nname = \"x\"\nversion.workspace = true\n[dependencies]\na = { path = \"../a\" }\nb = { workspace = true }\nc = \"1\"\n";
    assert!(inherits_version(inherits) && !inherits_version("[package]\nversion = \"1.2.3\"\n"));
    assert_eq!(read("Cargo.toml", &Kind::Cargo, inherits).unwrap(), None);
    assert_eq!(name(&Kind::Cargo, inherits).as_deref(), Some("x"));
    assert_eq!(depends_on(&Kind::Cargo, inherits), ["a", "b"]);
}

#[test]
fn node() {
    check(
        "package.json",
        "{\n\t\"name\": \"x\",\n\t\"config\": { \"version\": \"1.2.3\" },\n\t\"version\":\"§\" ,\n\t\"dependencies\": {\"own\": \"^§\", \"other\": \"^1.2.3\"},\n\t\"devDependencies\": {\"own\":\"workspace:~§\"},\n\t\"peerDependencies\": {\"own\": \">=1.0.0 <3\"},\n\t\"optionalDependencies\": {\"own\": \"file:../own\"}\n}\n",
    );
    check("package.json", "{\"version\": \"§\"}");
    check(
        "package.json",
        "\u{feff}{\"a\\\"\": [1, -2.5e3, true, null, {}, []], \"version\": \"§\"}\n\n",
    );
    let text = "{\"name\": \"@a/b\", \"version\": \"1.2.3\", \"dependencies\": {\"c\": \"1\"}, \"peerDependencies\": {\"d\": \"2\"}}";
    assert_eq!(name(&Kind::PackageJson, text).as_deref(), Some("@a/b"));
    assert_eq!(depends_on(&Kind::PackageJson, text), ["c", "d"]);
}

#[test]
fn python() {
    check(
        "pyproject.toml",
        "[tool.x]\nversion = \"1.2.3\"\n\n[project]\nname = \"x\"\nversion = \"§\" # here\n",
    );
    check("pyproject.toml", "[tool.poetry]\nname = \"x\"\nversion = '§'\n");
    check(
        "setup.cfg",
        "[bumpversion]\nversion = 1.2.3\n[metadata]\nname = x\nversion=§ ; here\n[options]\nversion = 1.2.3\n",
    );
    check("a/__init__.py", "\"\"\"Docs.\"\"\"\n# __version__ = \"1.2.3\"\nother_version = \"1.2.3\"\n__version__: str = '1.2.3'\n__version__ = '§'  # here\n".replace("__version__: str = '1.2.3'\n", "").as_str());
    check(
        "setup.py",
        "setup(\n    name=\"x\",\n    version=\"§\",\n    python_requires=\">=3.8\",\n)\n",
    );
    let dynamic = "[project]\nname = \"x\"\ndynamic = [\"version\"]\n";
    assert_eq!(read("pyproject.toml", &Kind::Pyproject, dynamic).unwrap(), None);
    assert_eq!(name(&Kind::Pyproject, dynamic).as_deref(), Some("x"));
}

#[test]
fn java() {
    check(
        "pom.xml",
        "<?xml version=\"1.0\"?>\n<!-- <version>1.2.3</version> -->\n<project xmlns=\"http://x\" a='>'>\n  <parent>\n    <artifactId>p</artifactId>\n    <version>1.2.3</version>\n  </parent>\n  <empty/>\n  <version>\n    §\n  </version>\n  <dependencies><dependency><version>1.2.3</version></dependency></dependencies>\n</project>\n",
    );
    check(
        "pom.xml",
        "<project><version>${revision}</version><properties><revision>§</revision></properties></project>",
    );
    let inherits =
        "<project><parent><version>1.2.3</version></parent><artifactId>x</artifactId></project>";
    assert_eq!(read("pom.xml", &Kind::Pom, inherits).unwrap(), None);
    assert_eq!(name(&Kind::Pom, inherits).as_deref(), Some("x"));
    check(
        "build.gradle",
        "plugins {\n  id 'x' version '1.2.3'\n}\nconfigurations {\n  version = '1.2.3'\n}\ngroup = 'g'\nversion = '§'\n",
    );
    check("build.gradle", "version '§'\n");
    check(
        "build.gradle.kts",
        "plugins { id(\"x\") version \"1.2.3\" }\n\nversion = \"§\" // here\n",
    );
    check("gradle.properties", "# version=1.2.3\nversionCode=1\nversion=§\n");
}

#[test]
fn dotnet_dart_elixir_helm_and_others() {
    check(
        "x.csproj",
        "\u{feff}<Project Sdk=\"Microsoft.NET.Sdk\">\n  <PropertyGroup>\n    <TargetFramework>net8.0</TargetFramework>\n  </PropertyGroup>\n  <PropertyGroup Condition=\"'$(A)' > 'b'\">\n    <Version>§</Version>\n  </PropertyGroup>\n  <ItemGroup><PackageReference Include=\"y\"><Version>1.2.3</Version></PackageReference></ItemGroup>\n</Project>\n",
    );
    check(
        "Directory.Build.props",
        "<Project><PropertyGroup><VersionPrefix>§</VersionPrefix></PropertyGroup></Project>",
    );
    check("pubspec.yaml", "name: x\nversion: §\ndependencies:\n  y:\n    version: 1.2.3\n");
    check(
        "mix.exs",
        "defmodule X do\n  @version \"§\"\n  def project, do: [version: @version]\nend\n",
    );
    check("mix.exs", "    [\n      app: :x,\n      version: \"§\",\n    ]\n");
    check(
        "Chart.yaml",
        "apiVersion: v2\nname: x # ä\nversion: \"§\" # here\nappVersion: '§'\ndependencies:\n  - name: y\n    version: 1.2.3\n",
    );
    check("Chart.yaml", "name: x\nversion: §\nappVersion: \"9.9.9\"\n");
    check("composer.json", "{\"name\": \"a/b\", \"version\": \"§\"}\n");
    check("VERSION", "§\n");
    check("version.txt", "v§");
    assert_eq!(name(&Kind::Chart, "name: chart\n").as_deref(), Some("chart"));
}

#[test]
fn the_number_of_a_build_goes_up_once() {
    let to = |text: &str| {
        let version = "2.0.0".parse().unwrap();
        let names = std::collections::BTreeMap::new();
        let new =
            tidegate_release_file::NewVersions { version: Some(&version), names: &names, day: "" };
        tidegate_release_file::update("pubspec.yaml", &Kind::Pubspec, text, &new).unwrap()
    };
    assert_eq!(to("version: 1.2.3+7\n"), "version: 2.0.0+8\n");
    assert_eq!(to("version: 2.0.0+8\n"), "version: 2.0.0+8\n");
    assert_eq!(to("version: 1.2.3+git\n"), "version: 2.0.0+git\n");
}

#[test]
fn places_that_are_named() {
    let at = |path: &str| Pointer::parse(path).unwrap();
    check_kind(
        "x.json",
        &Kind::JsonAt(at("$.a.list[1]['the version']")),
        "{\"a\": {\"list\": [{}, {\"the version\": \"§\"}]}, \"version\": \"1.2.3\"}",
    );
    check_kind("x.toml", &Kind::TomlAt(at("$.a.b")), "b = \"1.2.3\"\n[a]\nb = \"\"\"§\"\"\"\n");
    check_kind("x.toml", &Kind::TomlAt(at("$.a[1].v")), "a = [{ v = \"0\" }, { v = \"§\" }]\n");
    check_kind(
        "x.yaml",
        &Kind::YamlAt(at("$.images[1].tag")),
        "images:\n  - tag: 1.2.3\n    ü: x\n  - name: y\n    tag: '§' # here\n",
    );
    check_kind("x.yaml", &Kind::YamlAt(at("$.a.b")), "# b: 1.2.3\na: {c: [1, 2], b: §}\n");
}
