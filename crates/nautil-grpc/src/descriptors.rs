//! What a descriptor set says of a service.

use prost_types::{FileDescriptorSet, MethodDescriptorProto};

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
