//! What a descriptor set says of a service.

use std::collections::HashMap;
use std::sync::OnceLock;

use parking_lot::Mutex;
use prost_reflect::DescriptorPool;
use prost_types::{FileDescriptorSet, MethodDescriptorProto};

/// What is in a descriptor set, read once for all who ask; nothing where it cannot be read.
pub(crate) fn pool(set: &'static [u8]) -> Option<DescriptorPool> {
    static POOLS: OnceLock<Mutex<HashMap<usize, Option<DescriptorPool>>>> = OnceLock::new();
    if set.is_empty() {
        return None;
    }
    let mut pools = POOLS.get_or_init(Mutex::default).lock();
    // A static set stays where it is.
    let pool = pools.entry(set.as_ptr().addr());
    pool.or_insert_with(|| DescriptorPool::decode(set).ok())
        .clone()
}

/// The methods of the service of this full name; none where the set does not describe it.
#[must_use]
pub fn methods<'set>(
    descriptors: &'set FileDescriptorSet,
    service: &str,
) -> &'set [MethodDescriptorProto] {
    let mut services = descriptors.file.iter().flat_map(|file| {
        let package = file.package();
        file.service.iter().map(move |service| (package, service))
    });
    let found = services.find(|(package, candidate)| {
        let name = service.strip_suffix(candidate.name());
        name.is_some_and(|rest| rest.strip_suffix('.').unwrap_or(rest) == *package)
    });
    found.map_or(&[], |(_, service)| &service.method)
}
