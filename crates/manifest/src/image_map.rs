use tidegate_workload::ImageRule;

use crate::{
    Problems, images,
    load::load,
    report::{Complaint, Reports},
    walk::Spot,
};

/// Reads a file with an image map, as the annotation `tidegate.dev/image-map` has it: a list of
/// rules, or a mapping from images to rules. `file_name` is for the problems only. A file of
/// nothing but comments has no rules.
pub fn read_image_map(file_name: &str, text: &str) -> Result<Vec<ImageRule>, Problems> {
    let reports = Reports::new(file_name, text);
    let documents = load(&reports, text);
    let rules = match documents.as_slice() {
        [] => None,
        [only] => images::rules(&Spot::root(&reports, only)),
        [_, second, ..] => {
            let complaint = Complaint::new("found several documents");
            Spot::root(&reports, second).complain(complaint.allow("one list of rules"));
            None
        }
    };
    match reports.into_problems() {
        Some(problems) => Err(problems),
        None => Ok(rules.unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expect: Result<&[&str], &str>) {
        let read = read_image_map("map.yaml", text);
        let found =
            read.as_ref().map(|rules| rules.iter().map(|rule| rule.image.as_str()).collect());
        assert_eq!(
            found.map_err(ToString::to_string),
            expect.map(<[&str]>::to_vec).map_err(str::to_owned)
        );
    }

    #[test]
    fn a_map_is_a_list_or_a_mapping() {
        check("- image: a:*\n  command: [/bin/a]\n- image: b\n", Ok(&["a:*", "b"]));
        check("a:*: {command: [/bin/a]}\n", Ok(&["a:*"]));
        check("[{\"image\": \"a\"}]", Ok(&["a"]));
        check("# nothing\n", Ok(&[]));
    }

    #[test]
    fn what_is_wrong_with_a_map_has_its_place() {
        check(
            "a\n",
            Err(
                "map.yaml:1:1: found the text \"a\"; allowed: a list of rules, or a mapping from images to rules",
            ),
        );
        let read = read_image_map("map.yaml", "- image: a\n  cmd: [x]\n").unwrap_err();
        let problem = &read.problems[0];
        assert_eq!((problem.line, problem.column, problem.field.as_str()), (2, 3, "[0].cmd"));
        assert!(read_image_map("map.yaml", "- image: a\n---\n- image: b\n").is_err());
    }
}
