/// Which forge's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forge {
    /// GitHub, Gitea, Forgejo.
    GitHub,
    /// GitLab.
    GitLab,
    /// Bitbucket.
    Bitbucket,
}

/// Where commits, comparisons and issues of a repository are to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Links {
    base: String,
    forge: Forge,
}

impl Links {
    /// Of a repository's page, such as `https://github.com/acme/shop`.
    pub fn new(base: &str, forge: Forge) -> Self {
        Self { base: base.trim_end_matches('/').trim_end_matches(".git").to_owned(), forge }
    }

    /// Of a remote's address, as people clone it: `https://host/a/b.git`, `git@host:a/b.git`, `ssh://git@host/a/b`.
    /// None of a path, or of what could not stand in a link.
    pub fn of_remote(url: &str) -> Option<Self> {
        let rest = ["https://", "http://", "ssh://", "git://"]
            .iter()
            .find_map(|scheme| url.strip_prefix(scheme));
        let (place, path) = match rest {
            Some(rest) => rest.split_once('/')?,
            None => url
                .split_once(':')
                .filter(|(place, _)| place.contains('.') && !place.contains('/'))?,
        };
        let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
        let web = url.starts_with("http");
        // A port is of ssh where it is no address of the web.
        let host = if web { host } else { host.split(':').next()? };
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:+".contains(c);
        if host.is_empty()
            || path.is_empty()
            || !host.chars().all(plain)
            || !path.chars().all(plain)
        {
            return None;
        }
        let scheme = if url.starts_with("http://") { "http" } else { "https" };
        let forge = if host.contains("gitlab") {
            Forge::GitLab
        } else if host.contains("bitbucket") {
            Forge::Bitbucket
        } else {
            Forge::GitHub
        };
        Some(Self::new(&format!("{scheme}://{host}/{}", path.trim_matches('/')), forge))
    }

    /// The same repository at another host, such as `https://github.example.com`.
    pub fn at_host(&self, host: &str) -> Self {
        let path = self.base.splitn(4, '/').nth(3).unwrap_or_default();
        Self { base: format!("{}/{path}", host.trim_end_matches('/')), forge: self.forge }
    }

    /// A commit.
    pub fn commit(&self, id: &str) -> String {
        match self.forge {
            Forge::GitHub => format!("{}/commit/{id}", self.base),
            Forge::GitLab => format!("{}/-/commit/{id}", self.base),
            Forge::Bitbucket => format!("{}/commits/{id}", self.base),
        }
    }

    /// What is between two tags.
    pub fn compare(&self, from: &str, to: &str) -> String {
        match self.forge {
            Forge::GitHub => format!("{}/compare/{from}...{to}", self.base),
            Forge::GitLab => format!("{}/-/compare/{from}...{to}", self.base),
            Forge::Bitbucket => format!("{}/branches/compare/{to}%0D{from}", self.base),
        }
    }

    /// An issue.
    pub fn issue(&self, number: u64) -> String {
        match self.forge {
            Forge::GitHub | Forge::Bitbucket => format!("{}/issues/{number}", self.base),
            Forge::GitLab => format!("{}/-/issues/{number}", self.base),
        }
    }

    /// A tag.
    pub fn tag(&self, tag: &str) -> String {
        match self.forge {
            Forge::GitHub => format!("{}/releases/tag/{tag}", self.base),
            Forge::GitLab => format!("{}/-/tags/{tag}", self.base),
            Forge::Bitbucket => format!("{}/src/{tag}", self.base),
        }
    }
}
