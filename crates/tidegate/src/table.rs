//! Columns for people.

use std::fmt;

/// A table as kubectl prints them: upper-case heads, three spaces between columns, no lines.
#[derive(Clone, Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these heads.
    pub(crate) fn new<const N: usize>(heads: [&str; N]) -> Self {
        Self { rows: vec![heads.map(str::to_owned).to_vec()] }
    }

    /// Adds a row; a text with nothing in it is shown as `-`.
    pub(crate) fn row(&mut self, cells: Vec<String>) {
        let shown =
            cells.into_iter().map(|cell| if cell.is_empty() { "-".to_owned() } else { cell });
        self.rows.push(shown.collect());
    }

    /// Leaves the column of this head out.
    pub(crate) fn without(mut self, head: &str) -> Self {
        let at = self.rows.first().and_then(|heads| heads.iter().position(|cell| cell == head));
        if let Some(at) = at {
            for row in &mut self.rows {
                if at < row.len() {
                    row.remove(at);
                }
            }
        }
        self
    }

    /// How wide each column is, in characters.
    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widths = self.widths();
        for (index, row) in self.rows.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
            f.write_str(cells.collect::<Vec<_>>().join("   ").trim_end())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(["NAME", "STATUS", "AGE"]);
        table.row(vec!["web".into(), "Progressing".into(), "3s".into()]);
        table.row(vec!["a-long-name".into(), String::new(), "12d".into()]);
        table
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        insta::assert_snapshot!(table(), @r"
        NAME          STATUS        AGE
        web           Progressing   3s
        a-long-name   -             12d
        ");
    }

    #[test]
    fn a_column_can_be_left_out() {
        insta::assert_snapshot!(table().without("STATUS").without("NONE"), @r"
        NAME          AGE
        web           3s
        a-long-name   12d
        ");
    }
}
