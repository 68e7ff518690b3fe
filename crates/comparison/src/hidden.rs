//! Values that no report shows.

/// What the last part of a field's name may have in it when its value is somebody's secret.
const SECRET: [&str; 12] = [
    "password",
    "passwd",
    "secret",
    "token",
    "apikey",
    "authoriz",
    "cookie",
    "credential",
    "session",
    "privatekey",
    "signature",
    "iban",
];

/// So many characters of a value are shown.
const MOST_SHOWN: usize = 80;

/// What is shown of a field's value.
pub(crate) fn shown(field: &str, value: &str) -> String {
    if is_secret(field) {
        return "(hidden)".to_owned();
    }
    match value.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}...", value.get(..end).unwrap_or_default()),
        None => value.to_owned(),
    }
}

fn is_secret(field: &str) -> bool {
    let plain: String =
        field.chars().filter(|letter| letter.is_alphanumeric() || *letter == '.').collect();
    let plain = plain.to_lowercase();
    SECRET.iter().any(|word| plain.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_hidden_and_long_values_cut() {
        for field in
            ["header.authorization", "body.user.accessToken", "body.api_key", "body.PassWord.x"]
        {
            assert_eq!(shown(field, "x"), "(hidden)", "{field}");
        }
        assert_eq!(shown("body.price", "12"), "12");
        assert_eq!(shown("body.text", &"é".repeat(90)).chars().count(), MOST_SHOWN + 3);
    }
}
