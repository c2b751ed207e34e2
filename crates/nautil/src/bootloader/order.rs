//! The order of bootloaders: dependencies first, ties as listed.

use std::any::TypeId;

use super::{Bootloaders, Listed};
use crate::environment::Environment;

/// Why a list of bootloaders cannot be put in order.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// Bootloaders need each other.
    #[error("bootloaders need each other: `{}`", ring.join("` needs `"))]
    Ring {
        /// The names along the ring. The first one stands at the end again.
        ring: Vec<&'static str>,
    },
    /// A bootloader needs one that the kernel does not list.
    #[error("bootloader `{bootloader}` needs `{dependency}`, which the kernel does not list")]
    Unknown {
        /// The bootloader that needs the other one.
        bootloader: &'static str,
        /// The bootloader that is not listed.
        dependency: &'static str,
    },
    /// A bootloader needs one that the environment disables.
    #[error("bootloader `{bootloader}` needs `{dependency}`, which is disabled: {reason}")]
    Disabled {
        /// The bootloader that needs the other one.
        bootloader: &'static str,
        /// The bootloader that is disabled.
        dependency: &'static str,
        /// Which variable disables it, and by which value.
        reason: String,
    },
    /// A bootloader is listed twice, and the two mentions differ.
    #[error("bootloader `{bootloader}` is listed twice, with different settings")]
    Conflict {
        /// The bootloader that is listed twice.
        bootloader: &'static str,
    },
}

/// The enabled bootloaders in their order, and the skipped ones with the reason.
pub(crate) type Ordered = (Vec<Listed>, Vec<(Listed, String)>);

/// Puts the list in order: each bootloader behind those that it needs, and otherwise as the kernel lists them.
pub(crate) fn order(
    bootloaders: Bootloaders,
    environment: &Environment,
) -> Result<Ordered, Vec<OrderError>> {
    let mut errors = Vec::new();
    let distinct = distinct(bootloaders.listed, &mut errors);
    let mut enabled = Vec::new();
    let mut skipped = Vec::new();
    for listed in distinct {
        let condition = listed.condition.as_ref();
        match condition.and_then(|condition| condition.refusal(environment)) {
            None => enabled.push(listed),
            Some(reason) => skipped.push((listed, reason)),
        }
    }
    for listed in &enabled {
        errors.extend(absent(listed, &enabled, &skipped));
    }
    if !errors.is_empty() {
        return Err(errors);
    }

    // Each round takes the first that can be placed, and so keeps the kernel's order where dependencies leave a choice. For the few
    // dozen bootloaders of an application nothing faster is needed.
    let mut ordered: Vec<Listed> = Vec::new();
    while !enabled.is_empty() {
        let placed = |id| ordered.iter().any(|done| done.id == id);
        let next = enabled.iter().position(|listed| needs(listed).all(&placed));
        match next {
            Some(next) => ordered.push(enabled.remove(next)),
            None => {
                let ring = ring(&enabled);
                return Err(vec![OrderError::Ring { ring }]);
            }
        }
    }
    Ok((ordered, skipped))
}

fn distinct(listed: Vec<Listed>, errors: &mut Vec<OrderError>) -> Vec<Listed> {
    let mut kept: Vec<Listed> = Vec::new();
    for mention in listed {
        match kept.iter().find(|earlier| earlier.id == mention.id) {
            None => kept.push(mention),
            Some(earlier) if mention.repeats(earlier) => {}
            Some(_) => errors.push(OrderError::Conflict {
                bootloader: mention.name,
            }),
        }
    }
    kept
}

fn absent(listed: &Listed, enabled: &[Listed], skipped: &[(Listed, String)]) -> Vec<OrderError> {
    let missing = |dependency: super::Dependency| {
        if enabled.iter().any(|other| other.id == dependency.id) {
            return None;
        }
        let disabled = skipped.iter().find(|(other, _)| other.id == dependency.id);
        Some(match disabled {
            Some((_, reason)) => OrderError::Disabled {
                bootloader: listed.name,
                dependency: dependency.name,
                reason: reason.clone(),
            },
            None => OrderError::Unknown {
                bootloader: listed.name,
                dependency: dependency.name,
            },
        })
    };
    let dependencies = listed.bootloader.dependencies();
    dependencies.into_iter().filter_map(missing).collect()
}

fn needs(listed: &Listed) -> impl Iterator<Item = TypeId> {
    let dependencies = listed.bootloader.dependencies();
    dependencies.into_iter().map(|dependency| dependency.id)
}

/// A ring among bootloaders, each of which needs another of them. Whoever follows the needs comes back to a bootloader that it
/// has met already, and the ring is the way from there to there.
fn ring(waiting: &[Listed]) -> Vec<&'static str> {
    let mut walked: Vec<usize> = Vec::new();
    let mut at = 0;
    while !walked.contains(&at) {
        walked.push(at);
        let waits_for = |id: TypeId| waiting.iter().position(|other| other.id == id);
        at = needs(&waiting[at])
            .find_map(waits_for)
            .expect("a bootloader that cannot be placed needs one that is not placed either");
    }
    let start = walked.iter().position(|&index| index == at).unwrap_or(0);
    let closed = walked[start..].iter().chain([&at]);
    closed.map(|&index| waiting[index].name).collect()
}
