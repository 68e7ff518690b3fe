use proptest::prelude::*;
use tidegate_workflow_commands::Command;

/// `name|key=value,key=value|data`, or nothing.
fn check(line: &str, expect: Option<&str>) {
    let command = Command::parse(line, |name| name.eq_ignore_ascii_case("do-this"));
    let told = command.map(|command| {
        let properties: Vec<_> =
            command.properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
        format!("{}|{}|{}", command.name, properties.join(","), command.data)
    });
    assert_eq!(told.as_deref(), expect, "{line:?}");
}

#[test]
fn a_command_has_a_name_properties_and_data() {
    check("::do-this::", Some("do-this||"));
    check("::do-this::some data", Some("do-this||some data"));
    check("::do-this k1=v1::some data", Some("do-this|k1=v1|some data"));
    check("::do-this k1=v1,k2=v2::", Some("do-this|k1=v1,k2=v2|"));
    check("::DO-this k=1,K=2::", Some("DO-this|k=2|"));
    check("::do-this k=a b::c::d", Some("do-this|k=a b|c::d"));
}

#[test]
fn only_what_is_named_at_the_start_is_a_command() {
    check("  \t ::do-this::x", Some("do-this||x"));
    check("said ::do-this::x", None);
    check("::do-that::x", None);
    check("::do-this:x", None);
    check(":: do-this::x", None);
    check("::do-this", None);
    check("::", None);
    check("", None);
}

#[test]
fn escapes_are_read_once() {
    check("::do-this::%250A %25%0D%0A %3A%2C", Some("do-this||%0A %\r\n %3A%2C"));
    check("::do-this k=%3A%2C%25%0D%0A%3B::", Some("do-this|k=:,%\r\n%3B|"));
    check("::do-this::100% of %2 %", Some("do-this||100% of %2 %"));
    check("##[do-this k=%3B%5D%25%3A;]%5D%3B%0A", Some("do-this|k=;]%%3A|];\n"));
    check("::do-this::ä%0Aö", Some("do-this||ä\nö"));
}

#[test]
fn properties_without_name_or_value_are_left_out() {
    check("::do-this k=,=v,l=2,,m::", Some("do-this|l=2|"));
    check("::do-this k==v,l=a=b=::", Some("do-this|k=v,l=a=b=|"));
    check("::do-this   k=v  ::", Some("do-this|k=v|"));
    // A blank behind a comma is of the name, which nobody asks for then.
    check("::do-this k=v, l=w::", Some("do-this|k=v, l=w|"));
}

#[test]
fn the_older_form_stands_anywhere() {
    check("##[do-this]x", Some("do-this||x"));
    check("said ##[do-this k1=v1;k2=v2;]x", Some("do-this|k1=v1,k2=v2|x"));
    check("##[do-that]x", None);
    check("##[do-this", None);
    check("::do-that::##[do-this]x", Some("do-this||x"));
}

proptest! {
    #[test]
    fn any_line_is_read_without_harm(line in r"[ :#\[\]%=,;a-dDA0-9\r\n]{0,40}") {
        let command = Command::parse(&format!("::{line}"), |_| true);
        if let Some(command) = command {
            prop_assert!(command.properties.iter().all(|(name, value)| !name.is_empty() && !value.is_empty()));
        }
    }

    #[test]
    fn data_that_is_escaped_comes_back(data in "\\PC{0,40}|[%\r\n0ADa-z]{0,20}") {
        let escaped = data.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        let command = Command::parse(&format!("::x::{escaped}"), |_| true).unwrap();
        prop_assert_eq!(command.data, data);
    }

    #[test]
    fn a_property_that_is_escaped_comes_back(value in "[%\r\n:,;=a-z ]{1,20}x") {
        prop_assume!(!value.starts_with('=') );
        let escape = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
            .replace(':', "%3A").replace(',', "%2C");
        let command = Command::parse(&format!("::x a=1,k={}::", escape(&value)), |_| true).unwrap();
        prop_assert_eq!(command.property("K"), Some(value.as_str()));
    }
}
