//! Small values for the unit tests.

use tidegate_workload::Container;

pub(crate) fn container(name: &str) -> Container {
    Container { name: name.to_owned(), image: "example/web:1".to_owned(), ..Container::default() }
}

pub(crate) fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}
