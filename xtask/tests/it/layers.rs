use std::collections::BTreeMap;

use crate::workspace::{Import, Kind, Member, members, metadata};

/// A layer, what it may import beside crates from outside, and the rule as a sentence.
struct Layer {
    name: &'static str,
    may_import: &'static [&'static str],
    rule: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        name: "pure",
        may_import: &["pure"],
        rule: "a pure crate imports pure crates only: what it decides must follow from its input",
    },
    Layer {
        name: "formats",
        may_import: &["pure"],
        rule: "a format imports pure crates only: it turns other people's files into our types, and does nothing with them",
    },
    Layer {
        name: "ports",
        may_import: &["pure"],
        rule: "a port imports pure crates only: it says what is needed of the world, not who does it",
    },
    Layer {
        name: "base",
        may_import: &["pure", "ports", "base"],
        rule: "a base imports pure crates, ports and other bases only: it is what edges do alike",
    },
    Layer {
        name: "edge",
        may_import: &["pure", "formats", "ports", "base"],
        rule: "an edge imports pure crates, formats, ports and a base, never another edge or the controller: each can be replaced alone",
    },
    Layer {
        name: "drive",
        may_import: &["pure", "ports"],
        rule: "the controller imports pure crates and ports, never an edge: it moves the world through ports alone",
    },
    Layer {
        name: "face",
        may_import: &["pure", "formats", "ports", "drive"],
        rule: "a face imports pure crates, formats, ports and the controller, never an edge",
    },
    Layer {
        name: "bin",
        may_import: &["pure", "formats", "ports", "base", "edge", "drive", "face", "dev"],
        rule: "the binary may import everything",
    },
    Layer {
        name: "dev",
        may_import: &["pure", "formats", "ports", "base", "edge", "drive", "face", "bin", "dev"],
        rule: "a crate for development may import everything",
    },
];

/// Every import that the layers do not allow, each with the rule that it breaks.
fn strays(members: &[Member]) -> Vec<String> {
    let layers: BTreeMap<&str, &str> = members
        .iter()
        .map(|member| (member.name.as_str(), member.layer.as_deref().unwrap_or("none")))
        .collect();
    members.iter().flat_map(|member| strays_of(member, &layers)).collect()
}

fn strays_of(member: &Member, layers: &BTreeMap<&str, &str>) -> Vec<String> {
    let own = layers[member.name.as_str()];
    let Some(layer) = LAYERS.iter().find(|layer| layer.name == own) else {
        let names: Vec<_> = LAYERS.iter().map(|layer| layer.name).collect();
        return vec![format!(
            "{} has the layer {own}; [package.metadata.tidegate] layer is one of {}",
            member.name,
            names.join(", ")
        )];
    };
    let stray = |import: &&Import| {
        layers.get(import.name.as_str()).is_some_and(|imported| {
            let for_tests = import.kind == Kind::Tests && *imported == "dev";
            !for_tests && !layer.may_import.contains(imported)
        })
    };
    let tell = |import: &Import| {
        let imported = layers[import.name.as_str()];
        format!("{} ({own}) imports {} ({imported}): {}", member.name, import.name, layer.rule)
    };
    member.imports.iter().filter(stray).map(tell).collect()
}

#[test]
fn every_crate_keeps_to_its_layer() {
    let strays = strays(&members());
    assert!(strays.is_empty(), "\n{}\n", strays.join("\n"));
}

fn crate_of(name: &str, layer: &str, imports: &[(&str, Kind)]) -> Member {
    Member {
        name: name.to_owned(),
        layer: Some(layer.to_owned()).filter(|layer| !layer.is_empty()),
        folder: "nowhere".into(),
        imports: imports
            .iter()
            .map(|(name, kind)| Import { name: (*name).to_owned(), kind: *kind })
            .collect(),
    }
}

/// A workspace with one crate of each layer, and one more that imports as is said.
#[track_caller]
fn check(layer: &str, import: &str, kind: Kind, expect: &str) {
    let mut members: Vec<_> =
        LAYERS.iter().map(|layer| crate_of(layer.name, layer.name, &[])).collect();
    members.push(crate_of("under-test", layer, &[(import, kind)]));
    let strays = strays(&members).join("\n");
    match expect {
        "" => assert_eq!(strays, ""),
        _ => assert!(strays.contains(expect), "{strays:?} should say {expect:?}"),
    }
}

#[test]
fn an_import_that_the_layers_allow_is_no_stray() {
    check("pure", "pure", Kind::Product, "");
    check("pure", "serde", Kind::Product, "");
    check("pure", "dev", Kind::Tests, "");
    check("edge", "formats", Kind::Product, "");
    check("drive", "ports", Kind::Product, "");
    check("face", "drive", Kind::Product, "");
    check("bin", "edge", Kind::Product, "");
    check("dev", "bin", Kind::Product, "");
}

#[test]
fn a_stray_import_is_told_with_its_rule() {
    check("pure", "ports", Kind::Product, "under-test (pure) imports ports (ports): a pure crate");
    check("pure", "dev", Kind::Product, "imports dev (dev): a pure crate imports pure crates only");
    check("pure", "edge", Kind::Tests, "imports edge (edge)");
    check("formats", "edge", Kind::Product, "a format imports pure crates only");
    check("ports", "formats", Kind::Product, "a port imports pure crates only");
    check("edge", "edge", Kind::Product, "never another edge");
    check("edge", "base", Kind::Product, "");
    check("base", "base", Kind::Product, "");
    check("base", "edge", Kind::Product, "what edges do alike");
    check("drive", "base", Kind::Product, "through ports alone");
    check("edge", "drive", Kind::Product, "or the controller");
    check("drive", "edge", Kind::Product, "it moves the world through ports alone");
    check("drive", "formats", Kind::Product, "the controller imports pure crates and ports");
    check("face", "edge", Kind::Product, "a face imports");
    check("", "pure", Kind::Product, "under-test has the layer none");
    check("cellar", "pure", Kind::Product, "under-test has the layer cellar");
}

#[test]
fn mistakes_can_be_planted_in_the_simulation_alone() {
    let metadata = metadata(&["--no-deps", "--offline"]);
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let dependencies = package["dependencies"].as_array().unwrap();
        let planted = dependencies.iter().find(|one| one["name"] == "tidegate-planted");
        let Some(planted) = planted else { continue };
        assert_eq!(planted["features"].as_array().unwrap().len(), 0, "{name}");
        let features = package["features"].as_object().unwrap();
        let by: Vec<_> = features
            .iter()
            .filter(|(_, on)| on.to_string().contains("tidegate-planted/"))
            .map(|(feature, _)| feature.as_str())
            .collect();
        let expect: &[&str] = if name == "tidegate-sim" { &["planted"] } else { &[] };
        assert_eq!(by, expect, "{name}");
        assert!(!features.contains_key("default"), "{name}");
    }
}
