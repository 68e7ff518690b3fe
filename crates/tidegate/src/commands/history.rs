use std::process::ExitCode;

use tidegate_controller::HistoryItem;
use tidegate_units::Timestamp;

use crate::{
    args::{Global, NameArgs},
    client::Client,
    commands::change::rollout_path,
    error::CliError,
    output::Output,
    table::Table,
    times,
};

/// Lists the revisions that can be gone back to.
pub(crate) async fn run(global: &Global, args: &NameArgs) -> Result<ExitCode, CliError> {
    let client = Client::find(global)?;
    let items: Vec<HistoryItem> = client.get(&rollout_path(global, &args.name, "history")).await?;
    Output::new(global).data(&items, |output| output.line(table(&items, times::now())))?;
    Ok(ExitCode::SUCCESS)
}

fn table(items: &[HistoryItem], now: Timestamp) -> Table {
    let mut table = Table::new(["REVISION", "HASH", "ROLE", "IMAGES", "AGE"]);
    for item in items {
        let role = match (item.stable, item.current) {
            (true, true) => "stable, wanted",
            (true, false) => "stable",
            (false, true) => "wanted",
            (false, false) => "",
        };
        table.row(vec![
            item.number.to_string(),
            item.revision.to_string(),
            role.to_owned(),
            item.images.join(","),
            times::age(now.since(item.created_at)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_says_which_revision_is_which() {
        let item = |number: u64, stable: bool, current: bool| HistoryItem {
            number,
            revision: format!("hash{number}").into(),
            created_at: Timestamp::from_millis(0),
            images: vec![format!("web:{number}")],
            stable,
            current,
            template: serde_json::Value::Null,
        };
        let items = [item(3, false, true), item(2, true, false), item(1, false, false)];
        insta::assert_snapshot!(table(&items, Timestamp::from_millis(9000)), @r"
        REVISION   HASH    ROLE     IMAGES   AGE
        3          hash3   wanted   web:3    9s
        2          hash2   stable   web:2    9s
        1          hash1   -        web:1    9s
        ");
    }
}
