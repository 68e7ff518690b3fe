//! Annotated CSV, in which `InfluxDB` answers: tables one after the other, each with its own columns.

use tidegate_condition::Value;

/// The `_value` of every record of every table, of the type that its column has.
pub(crate) fn values(text: &str) -> Result<Vec<Value>, String> {
    let mut values = Vec::new();
    let mut table = Table::default();
    for row in rows(text)? {
        match row.first().map(String::as_str) {
            _ if row.iter().all(String::is_empty) => table = Table::default(),
            Some("#datatype") => table = Table { types: row, ..Table::default() },
            Some("#default") => table.defaults = row,
            Some(mark) if mark.starts_with('#') => {}
            _ if table.names.is_empty() => table.names = row,
            _ => values.push(table.value(&row)?),
        }
    }
    Ok(values)
}

/// What stands above the records of a table.
#[derive(Default)]
struct Table {
    types: Vec<String>,
    defaults: Vec<String>,
    names: Vec<String>,
}

impl Table {
    fn value(&self, row: &[String]) -> Result<Value, String> {
        if let Some(problem) = self.cell(row, "error").filter(|problem| !problem.is_empty()) {
            return Err(problem.to_owned());
        }
        let Some(column) = self.names.iter().position(|name| name == "_value") else {
            return Ok(Value::Nil);
        };
        let text = self.cell(row, "_value").unwrap_or_default();
        let kind = self.types.get(column).map_or("string", String::as_str);
        if text.is_empty() && kind != "string" {
            return Ok(Value::Nil);
        }
        let number = |parsed: Option<f64>| parsed.map(Value::Float);
        let value = match kind {
            "boolean" => Some(Value::Bool(text == "true")),
            "long" => text.parse().ok().map(Value::Int),
            "unsignedLong" => {
                text.parse().ok().map(Value::Int).or_else(|| number(text.parse().ok()))
            }
            "double" => number(text.parse().ok()),
            _ => Some(Value::text(text)),
        };
        value.ok_or_else(|| format!("the value {text:?} is no {kind}"))
    }

    fn cell<'a>(&'a self, row: &'a [String], name: &str) -> Option<&'a str> {
        let column = self.names.iter().position(|known| known == name)?;
        let found = row.get(column).filter(|text| !text.is_empty());
        found.or_else(|| self.defaults.get(column)).map(String::as_str)
    }
}

/// The rows of CSV (RFC 4180).
fn rows(text: &str) -> Result<Vec<Vec<String>>, String> {
    let mut rows = Vec::new();
    let (mut row, mut cell, mut quoted) = (Vec::new(), String::new(), false);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        match (sign, quoted) {
            ('"', true) if signs.peek() == Some(&'"') => cell.extend(signs.next()),
            ('"', _) => quoted = !quoted,
            (',', false) => row.push(std::mem::take(&mut cell)),
            ('\r', false) => {}
            ('\n', false) => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            (sign, _) => cell.push(sign),
        }
    }
    if quoted {
        return Err("its answer ends within a quote".to_owned());
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&[Value], &str>) {
        let found = values(text);
        assert_eq!(found.as_deref().map_err(String::as_str), expect);
    }

    #[test]
    fn values_have_the_types_of_their_columns() {
        check(
            "#datatype,string,long,long\r\n#group,false,false,false\r\n#default,_result,,\r\n,result,table,_value\r\n,,0,42\r\n\r\n\
             #datatype,string,long,double,string\r\n#group,false,false,true,false\r\n#default,_result,,,\r\n,result,table,_value,host\r\n,,1,1.5,a\r\n,,1,+Inf,a\r\n,,1,,a\r\n\r\n\
             #datatype,string,long,string\n#default,_result,,none\n,result,table,_value\n,,2,\"a, \"\"b\"\"\"\n,,2,\n\n\
             #datatype,string,long,boolean\n#default,_result,,\n,result,table,_value\n,,3,true\n",
            Ok(&[
                Value::Int(42),
                Value::Float(1.5),
                Value::Float(f64::INFINITY),
                Value::Nil,
                Value::text("a, \"b\""),
                Value::text("none"),
                Value::Bool(true),
            ]),
        );
    }

    #[test]
    fn an_error_in_the_middle_is_told() {
        check(
            "#datatype,string,string\n#group,true,true\n#default,,\n,error,reference\n,\"out of memory\",897\n",
            Err("out of memory"),
        );
        check(
            "#datatype,string,long,long\n,result,table,_value\n,,0,many\n",
            Err("the value \"many\" is no long"),
        );
        check(",result,table,_value\n,,0,\"a\n", Err("its answer ends within a quote"));
    }

    #[test]
    fn nothing_is_no_record() {
        check("", Ok(&[]));
        check("\r\n\r\n", Ok(&[]));
        check("#datatype,string,long,double\n#default,_result,,\n,result,table,_value\n", Ok(&[]));
    }
}
