/// What kind of file carries a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `Cargo.toml`.
    Cargo,
    /// `Cargo.lock`.
    CargoLock,
    /// `package.json`.
    PackageJson,
    /// `package-lock.json`, `npm-shrinkwrap.json`.
    PackageLock,
    /// `composer.json` and other JSON files with a `version` at their top.
    Json,
    /// `pyproject.toml`, of PEP 621 or Poetry.
    Pyproject,
    /// `setup.cfg`.
    SetupCfg,
    /// Python sources with `__version__ = "…"`, and `setup.py` with `version="…"`.
    Python,
    /// `pom.xml`.
    Pom,
    /// `*.csproj`, `*.fsproj`, `*.vbproj`, `Directory.Build.props`.
    Project,
    /// `build.gradle`, `build.gradle.kts`.
    Gradle,
    /// `gradle.properties`.
    Properties,
    /// `Chart.yaml`.
    Chart,
    /// `pubspec.yaml`.
    Pubspec,
    /// `mix.exs`.
    Mix,
    /// `VERSION`, `version.txt`: nothing but the version.
    Plain,
    /// Any file with comments such as `x-release-please-version`.
    Marked,
    /// A JSON file, and the place of its version.
    JsonAt(crate::Pointer),
    /// A TOML file, and the place of its version.
    TomlAt(crate::Pointer),
    /// A YAML file, and the place of its version.
    YamlAt(crate::Pointer),
}

impl Kind {
    /// By the name of a file, where that says it.
    pub fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let kind = match name {
            "Cargo.toml" => Self::Cargo,
            "Cargo.lock" => Self::CargoLock,
            "package.json" => Self::PackageJson,
            "package-lock.json" | "npm-shrinkwrap.json" => Self::PackageLock,
            "composer.json" => Self::Json,
            "pyproject.toml" => Self::Pyproject,
            "setup.cfg" => Self::SetupCfg,
            "setup.py" | "__init__.py" | "__version__.py" | "_version.py" | "version.py" => {
                Self::Python
            }
            "pom.xml" => Self::Pom,
            "Directory.Build.props" => Self::Project,
            "build.gradle" | "build.gradle.kts" => Self::Gradle,
            "gradle.properties" => Self::Properties,
            "Chart.yaml" | "Chart.yml" => Self::Chart,
            "pubspec.yaml" | "pubspec.yml" => Self::Pubspec,
            "mix.exs" => Self::Mix,
            "VERSION" | "version.txt" => Self::Plain,
            name => {
                let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
                match ending {
                    "csproj" | "fsproj" | "vbproj" => Self::Project,
                    _ => return None,
                }
            }
        };
        Some(kind)
    }
}
