//! Evaluating: a compiled filter and a point go in, passing or not comes out; for a whole segment, what its indexes answer comes out first.

use super::compile::{CompiledFilter, Leaf, Node};
use super::offsets::OffsetSet;
use super::siphash::siphash_2_4;
use crate::error::{Error, Result};
use crate::point::PointId;
use serde_json::{Map, Value};

/// What a filter is asked of. Each part is fetched when a condition needs it, and not before.
pub(crate) trait Subject {
    /// The point's id.
    fn id(&mut self) -> Result<PointId>;

    /// Whether the point has the vector with this place in the configuration.
    fn has_vector(&mut self, vector: usize) -> Result<bool>;

    /// The payload, or the object in it.
    fn payload(&mut self) -> Result<&Map<String, Value>>;
}

/// What can name all points of a segment for which a condition holds.
pub(crate) trait Indexed {
    /// Offsets of the segment are below this.
    fn len(&self) -> u32;

    /// The points for which `leaf` holds, dead ones as may be; `None` if each has to be asked.
    fn answer(&self, leaf: &Leaf) -> Result<Option<OffsetSet>>;
}

impl CompiledFilter {
    /// Those of `within` for which everything holds that `segment` answers; the places of the conditions that it does not, for [`CompiledFilter::holds`].
    pub(crate) fn answered(
        &self,
        mut within: OffsetSet,
        segment: &impl Indexed,
    ) -> Result<(OffsetSet, Vec<usize>)> {
        let mut open = Vec::new();
        for (place, node) in self.all.iter().enumerate() {
            match node.answer(segment)? {
                Some(set) => within.intersect(&set),
                None => open.push(place),
            }
        }
        Ok((within, open))
    }

    /// Whether the conditions at these places hold.
    pub(crate) fn holds(&self, open: &[usize], subject: &mut impl Subject) -> Result<bool> {
        all(open.iter().filter_map(|place| self.all.get(*place)), subject)
    }

    /// Whether all conditions hold.
    pub(crate) fn passes(&self, subject: &mut impl Subject) -> Result<bool> {
        all(self.all.iter(), subject)
    }
}

fn all<'a>(mut nodes: impl Iterator<Item = &'a Node>, subject: &mut impl Subject) -> Result<bool> {
    nodes.try_fold(true, |holds, node| Ok(holds && node.holds(subject)?))
}

impl Node {
    fn holds(&self, subject: &mut impl Subject) -> Result<bool> {
        match self {
            Node::All(nodes) => all(nodes.iter(), subject),
            Node::AtLeast(wanted, nodes) => {
                let (mut count, mut left) = (0, nodes.len());
                for node in nodes {
                    if count == *wanted || count + left < *wanted {
                        break;
                    }
                    left -= 1;
                    count += usize::from(node.holds(subject)?);
                }
                Ok(count >= *wanted)
            }
            Node::Not(node) => node.holds(subject).map(|holds| !holds),
            Node::Leaf(leaf) => leaf.holds(subject),
        }
    }

    fn answer(&self, segment: &impl Indexed) -> Result<Option<OffsetSet>> {
        match self {
            Node::All(nodes) => {
                combine(nodes, segment, OffsetSet::all(segment.len()), |sum, set| sum.intersect(set))
            }
            Node::AtLeast(1, nodes) => {
                combine(nodes, segment, OffsetSet::none(segment.len()), |sum, set| sum.unite(set))
            }
            Node::AtLeast(..) => Ok(None),
            Node::Not(node) => Ok(node.answer(segment)?.map(|set| {
                let mut rest = OffsetSet::all(segment.len());
                rest.subtract(&set);
                rest
            })),
            Node::Leaf(leaf) => segment.answer(leaf),
        }
    }
}

/// The answers of all nodes in one; `None` if one of them has none.
fn combine(
    nodes: &[Node],
    segment: &impl Indexed,
    mut sum: OffsetSet,
    add: impl Fn(&mut OffsetSet, &OffsetSet),
) -> Result<Option<OffsetSet>> {
    for node in nodes {
        match node.answer(segment)? {
            Some(set) => add(&mut sum, &set),
            None => return Ok(None),
        }
    }
    Ok(Some(sum))
}

impl Leaf {
    fn holds(&self, subject: &mut impl Subject) -> Result<bool> {
        match self {
            Leaf::Field { path, test } => Ok(test.holds_at(path, subject.payload()?)),
            Leaf::Nested { path, filter } => {
                let mut failed = Ok(());
                let holds = path.any(subject.payload()?, &mut |value| {
                    let objects = value.as_array().into_iter().flatten().filter_map(Value::as_object);
                    let mut passing = objects.map(|object| filter.passes(&mut Object(object)));
                    passing.any(|passes| {
                        passes.unwrap_or_else(|error| {
                            failed = Err(error);
                            false
                        })
                    })
                });
                failed.map(|()| holds)
            }
            Leaf::HasId(ids) => Ok(ids.contains(&subject.id()?)),
            Leaf::HasVector(vector) => subject.has_vector(*vector),
            Leaf::Slice { total, index } => Ok(slice_of(subject.id()?, *total) == Some(*index)),
        }
    }
}

/// The part of `total` that an id falls into.
fn slice_of(id: PointId, total: u64) -> Option<u64> {
    let hash = match id {
        PointId::Num(number) => siphash_2_4(0, 0, &number.to_le_bytes()),
        PointId::Uuid(uuid) => siphash_2_4(0, 0, uuid.as_bytes()),
    };
    hash.checked_rem(total)
}

/// An object inside of a payload. It has neither id nor vectors, and nested filters that ask for them are not compiled.
struct Object<'a>(&'a Map<String, Value>);

impl Subject for Object<'_> {
    fn id(&mut self) -> Result<PointId> {
        Err(Error::internal("a nested filter asks for an id"))
    }

    fn has_vector(&mut self, _: usize) -> Result<bool> {
        Err(Error::internal("a nested filter asks for a vector"))
    }

    fn payload(&mut self) -> Result<&Map<String, Value>> {
        Ok(self.0)
    }
}
