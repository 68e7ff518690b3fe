/// The value of the cookie `name` among a request's `Cookie` fields.
pub fn cookie_value<'a>(fields: impl Iterator<Item = &'a [u8]>, name: &str) -> Option<&'a str> {
    fields
        .flat_map(|field| field.split(|&byte| byte == b';'))
        .filter_map(|pair| std::str::from_utf8(pair).ok()?.trim().split_once('='))
        .find(|&(found, _)| found == name)
        .map(|(_, value)| value.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_cookie(fields: &[&str], expect: Option<&str>) {
        let fields = fields.iter().map(|field| field.as_bytes());
        assert_eq!(cookie_value(fields, "tg"), expect);
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        check_cookie(&["tg=abc"], Some("abc"));
        check_cookie(&["a=1; tg=abc; b=2"], Some("abc"));
        check_cookie(&["a=1", "b=tg=no;tg=\"abc\""], Some("abc"));
        check_cookie(&["xtg=abc; tgx=abc"], None);
        check_cookie(&["tg"], None);
        check_cookie(&[], None);
    }
}
