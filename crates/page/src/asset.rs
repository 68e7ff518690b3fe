/// A file of the page.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// Where it is below the root, with no slash before it: `assets/index-4f2a.js`.
    pub path: &'static str,
    /// Changes with its content.
    pub tag: &'static str,
    /// As it is.
    pub plain: &'static [u8],
    /// Compressed by brotli, where that was made.
    pub brotli: Option<&'static [u8]>,
    /// Compressed by gzip, where that was made.
    pub gzip: Option<&'static [u8]>,
}

/// How the bytes of an answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Coding {
    Plain,
    Brotli,
    Gzip,
}

impl Asset {
    /// The one at `path`.
    pub(crate) fn find<'a>(assets: &'a [Self], path: &str) -> Option<&'a Self> {
        assets.iter().find(|asset| asset.path == path)
    }

    /// Its content type, by the ending of its name.
    pub(crate) fn content_type(&self) -> &'static str {
        match self.path.rsplit('.').next().unwrap_or_default() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "json" | "map" => "application/json",
            "woff2" => "font/woff2",
            _ => "application/octet-stream",
        }
    }

    /// Whether its name changes with its content, so that it may be kept for ever.
    pub(crate) fn is_named_by_content(&self) -> bool {
        self.path.starts_with("assets/")
    }

    /// Its smallest form that `accepted`, the header field `Accept-Encoding`, allows.
    pub(crate) fn best(&self, accepted: &str) -> (Coding, &'static [u8]) {
        match (self.brotli, self.gzip) {
            (Some(bytes), _) if accepts(accepted, "br") => (Coding::Brotli, bytes),
            (_, Some(bytes)) if accepts(accepted, "gzip") => (Coding::Gzip, bytes),
            _ => (Coding::Plain, self.plain),
        }
    }
}

/// Whether a list such as `gzip;q=0.5, br` allows `coding`.
fn accepts(list: &str, coding: &str) -> bool {
    let mut entries = list.split(',').map(|entry| entry.split(';').map(str::trim));
    entries.any(|mut words| {
        let named = words.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        let weight = words.find_map(|word| word.strip_prefix("q="));
        named && weight.is_none_or(|weight| weight.parse::<f32>().is_ok_and(|weight| weight > 0.0))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASSET: Asset = Asset {
        path: "assets/index-1.js",
        tag: "1",
        plain: b"plain",
        brotli: Some(b"brotli"),
        gzip: Some(b"gzip"),
    };

    #[test]
    fn the_smallest_form_that_is_accepted_is_taken() {
        let check = |accepted: &str, expect: Coding| {
            assert_eq!(ASSET.best(accepted).0, expect, "{accepted:?}");
        };
        check("", Coding::Plain);
        check("identity", Coding::Plain);
        check("gzip, deflate, br, zstd", Coding::Brotli);
        check("gzip;q=1.0, BR;q=0", Coding::Gzip);
        check("gzip;q=0.000, br; q=0", Coding::Plain);
        check("brotli", Coding::Plain);
        check("br;q=much", Coding::Plain);
        let uncompressed = Asset { brotli: None, gzip: None, ..ASSET };
        assert_eq!(uncompressed.best("gzip, br"), (Coding::Plain, &b"plain"[..]));
    }

    #[test]
    fn a_browser_is_told_what_it_gets() {
        let check = |path: &'static str, expect: &str| {
            assert_eq!(Asset { path, ..ASSET }.content_type(), expect);
        };
        check("index.html", "text/html; charset=utf-8");
        check("assets/a.b.js", "text/javascript; charset=utf-8");
        check("assets/a.css", "text/css; charset=utf-8");
        check("favicon.svg", "image/svg+xml");
        check("nothing", "application/octet-stream");
    }
}
