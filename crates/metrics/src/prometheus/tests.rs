use hyper::header::HeaderMap;
use tidegate_analysis::SigV4;

use super::*;

/// What an answer with status 200 is read as: shown, and the value.
fn check(data: &str, shown: &str, expect: &str) {
    let body = format!("{{\"status\":\"success\",\"data\":{data}}}");
    let reply = Reply::of(StatusCode::OK, body);
    match read(&reply) {
        Ok(answer) => {
            assert_eq!(answer.shown, shown, "{data}");
            assert_eq!(format!("{:?}", floats(&answer.value)), expect, "{data}");
        }
        Err(problem) => assert_eq!(problem, expect, "{data}"),
    }
}

/// The numbers of a list; a number alone is `Err`.
fn floats(value: &Value) -> Result<Vec<f64>, f64> {
    let float = |value: &Value| match value {
        Value::Float(number) => *number,
        other => unreachable!("{other:?}"),
    };
    match value {
        Value::List(list) => Ok(list.items().iter().map(float).collect()),
        number => Err(float(number)),
    }
}

#[test]
fn each_kind_of_result_becomes_what_argo_makes_of_it() {
    check(r#"{"resultType":"scalar","result":[1.5,"0.95"]}"#, "0.95", "Err(0.95)");
    check(r#"{"resultType":"scalar","result":[1,"NaN"]}"#, "NaN", "Err(NaN)");
    check(r#"{"resultType":"scalar","result":[1,"-Inf"]}"#, "-Inf", "Err(-inf)");
    check(r#"{"resultType":"vector","result":[]}"#, "[]", "Ok([])");
    check(
        r#"{"resultType":"vector","result":[{"metric":{},"value":[1,"1"]},{"metric":{"a":"b"},"value":[1,"+Inf"]},{"metric":{},"value":[1,"NaN"]}]}"#,
        "[1,+Inf,NaN]",
        "Ok([1.0, inf, NaN])",
    );
    check(
        r#"{"resultType":"matrix","result":[{"metric":{},"values":[[1,"1"],[2,"2.5"]]},{"metric":{},"values":[[1,"1e-7"]]}]}"#,
        "[1,2.5,0.0000001]",
        "Ok([1.0, 2.5, 1e-7])",
    );
    check(r#"{"resultType":"matrix","result":[]}"#, "[]", "Ok([])");
}

#[test]
fn what_is_no_number_is_an_error() {
    check(
        r#"{"resultType":"string","result":[1,"a"]}"#,
        "",
        "it answered with a string, which is no number",
    );
    check(
        r#"{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"1"}]}]}"#,
        "",
        "it answered with a native histogram, which is no number: take histogram_quantile() of it",
    );
    for data in [
        r#"{"resultType":"vector","result":{}}"#,
        r#"{"resultType":"vector","result":[{}]}"#,
        r#"{"resultType":"vector","result":[{"value":[1,0.5]}]}"#,
        r#"{"resultType":"vector","result":[{"value":[1,"many"]}]}"#,
    ] {
        check(data, "", "its vector is not in the form of Prometheus");
    }
    check("{}", "", "it answered with a , which is no number");
}

#[test]
fn an_error_is_told_in_the_servers_words() {
    let check = |status: u16, body: &str, expect: &str| {
        let status = StatusCode::from_u16(status).unwrap();
        let reply = Reply::of(status, body);
        assert_eq!(read(&reply).unwrap_err(), expect);
    };
    let error = r#"{"status":"error","errorType":"bad_data","error":"parse error: unclosed"}"#;
    check(400, error, "bad_data: parse error: unclosed");
    check(422, error, "bad_data: parse error: unclosed");
    check(503, error, "bad_data: parse error: unclosed");
    check(500, "oh", "it answered with status 500 Internal Server Error");
    check(404, "404 page not found", "it answered with status 404 Not Found");
    check(
        204,
        "",
        "its answer is not that of Prometheus: EOF while parsing a value at line 1 column 0",
    );
    check(
        400,
        r#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#,
        "its answer contradicts its status 400 Bad Request",
    );
}

#[test]
fn warnings_are_kept_as_argo_keeps_them() {
    let body =
        r#"{"status":"success","warnings":["a","b c"],"data":{"resultType":"vector","result":[]}}"#;
    let reply = Reply::of(StatusCode::OK, body);
    let answer = read(&reply).unwrap();
    assert_eq!(answer.metadata, BTreeMap::from([("warnings".into(), r#""a", "b c""#.into())]));
}

#[test]
fn amazons_are_asked_with_the_region_of_the_environment_where_none_is_given() {
    let environment = Environment::read(|name| {
        let known = [
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("AWS_REGION", "eu-west-1"),
        ];
        known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
    });
    let url = "https://aps-workspaces.eu-west-1.amazonaws.com/workspaces/ws-1/api/v1/query";
    for (given, expect) in [("", "eu-west-1"), ("us-east-1", "us-east-1")] {
        let question = Question {
            method: Method::POST,
            url: Url::parse(url).unwrap(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            proof: Proof::of(false),
        };
        let sigv4 = Some(SigV4 { region: given.to_owned() });
        let query = PrometheusQuery { sigv4, ..PrometheusQuery::new("up") };
        let signed = signed(question, &environment, &query).unwrap();
        let authorization = signed.headers["authorization"].to_str().unwrap();
        assert!(authorization.contains(&format!("/{expect}/aps/aws4_request")), "{authorization}");
    }
}
