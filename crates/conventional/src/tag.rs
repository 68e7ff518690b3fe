use semver::Version;

/// How the tags of a component are written: `v1.2.3`, `web-v1.2.3`, `web/v1.2.3`, `web@1.2.3`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagForm {
    /// What stands before the version, with what parts them.
    pub prefix: String,
    /// Whether a `v` stands before the digits.
    pub v: bool,
}

impl TagForm {
    /// `v1.2.3`.
    pub fn plain() -> Self {
        Self { prefix: String::new(), v: true }
    }

    /// `component-v1.2.3`, with another separator where one is given.
    pub fn of_component(component: &str, separator: &str) -> Self {
        Self { prefix: format!("{component}{separator}"), v: true }
    }

    /// The tag of a version.
    pub fn name(&self, version: &Version) -> String {
        format!("{}{}{version}", self.prefix, if self.v { "v" } else { "" })
    }

    /// The version of a tag, if it is of this form. The `v` is taken as it comes: projects that changed their
    /// mind have both.
    pub fn version(&self, tag: &str) -> Option<Version> {
        let rest = tag.strip_prefix(self.prefix.as_str())?;
        let digits = rest.strip_prefix('v').unwrap_or(rest);
        Version::parse(digits).ok()
    }
}
