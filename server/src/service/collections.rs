//! Collections and aliases.

use super::{Opened, Scope};
use crate::auth::Right;
use crate::convert::collections::{Given, changed, config_in, config_out};
use crate::convert::indexes::type_out;
use crate::error::{ApiError, Kind, Result};
use nigh::{AliasAction, CollectionUpdate, JobState};
use nigh_api::{
    AliasDescription, AliasOperation, ChangeAliases, CollectionInfo, CollectionStatus, CreateCollection,
    OptimizerStatus, PayloadFieldSchema, PayloadIndexInfo, Problems, UpdateCollection, check_collection_name,
};
use serde_json::Value;
use std::collections::BTreeMap;

/// Names of all collections that the caller may see.
pub(crate) fn list(scope: &Scope) -> Result<Vec<String>> {
    let mut names = scope.app.db.collections();
    names.retain(|name| scope.can_see(name));
    Ok(names)
}

/// Whether there is a collection or alias with this name.
pub(crate) fn exists(scope: &Scope, name: &str) -> Result<bool> {
    match scope.open(name, Right::Read) {
        Ok(_) => Ok(true),
        Err(e) if e.kind == Kind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// A collection's configuration and state.
pub(crate) fn info(scope: &Scope, name: &str) -> Result<CollectionInfo> {
    let Opened { collection, given, .. } = scope.open(name, Right::Read)?;
    let info = collection.info()?;
    let jobs = collection.jobs();
    let failure = jobs.iter().find_map(|job| match &job.state {
        JobState::Failed { reason, .. } => Some(reason.clone()),
        _ => None,
    });
    let is_at_work = jobs.iter().any(|job| matches!(job.state, JobState::Running));
    let status = if info.poisoned.is_some() {
        CollectionStatus::Red
    } else if is_at_work {
        CollectionStatus::Yellow
    } else {
        CollectionStatus::Green
    };
    let optimizer_status = match info.poisoned.or(failure) {
        Some(reason) => OptimizerStatus::Error(reason),
        None => OptimizerStatus::Ok,
    };
    let indexes = info.segments.iter().flat_map(|segment| &segment.indexes);
    let mut payload_schema = BTreeMap::new();
    for index in collection.payload_indexes()? {
        let params = match given.schema.get(&index.path) {
            Some(schema @ PayloadFieldSchema::Params(_)) => match serde_json::to_value(schema) {
                Ok(Value::Object(map)) => Some(map),
                _ => None,
            },
            _ => None,
        };
        let (data_type, points) = (type_out(index.kind), index.point_count);
        payload_schema.insert(index.path, PayloadIndexInfo { data_type, params, points });
    }
    Ok(CollectionInfo {
        status,
        optimizer_status,
        indexed_vectors_count: Some(indexes.map(|index| u64::from(index.vector_count)).sum()),
        points_count: Some(info.point_count),
        // The one in memory is one too.
        segments_count: info.segments.len() as u64 + 1,
        config: config_out(&given.collection),
        payload_schema,
    })
}

/// Makes a collection.
pub(crate) fn create(scope: &Scope, name: &str, body: CreateCollection) -> Result<bool> {
    scope.require(Right::Manage)?;
    let mut problems = Problems::new();
    check_collection_name(&mut problems, "collection_name", name);
    if !problems.is_empty() {
        return Err(ApiError::validation("path parameters", &problems));
    }
    let config = config_in(&body)?;
    let metadata = Given { collection: body, schema: BTreeMap::new() }.into_metadata(None)?;
    match scope.app.db.create_collection(name, &config.with_metadata(metadata)) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == nigh::ErrorKind::AlreadyExists => {
            Err(ApiError::new(Kind::AlreadyExists, format_args!("Collection `{name}` already exists!")))
        }
        Err(e) => Err(e.into()),
    }
}

/// Changes a collection.
pub(crate) fn update(scope: &Scope, name: &str, body: UpdateCollection) -> Result<bool> {
    let Opened { collection, config, mut given, .. } = scope.open(name, Right::Manage)?;
    given.collection = changed(given.collection, body)?;
    let wanted = config_in(&given.collection)?;
    let update = CollectionUpdate {
        flush_interval: Some(wanted.flush_interval),
        optimizer: Some(wanted.optimizer),
        indexes: wanted.vectors.iter().map(|(name, vector)| (name.clone(), vector.index)).collect(),
        metadata: Some(given.into_metadata(config.metadata.as_ref())?),
        ..CollectionUpdate::default()
    };
    collection.update(&update)?;
    Ok(true)
}

/// Removes a collection; false if there was none.
pub(crate) fn delete(scope: &Scope, name: &str) -> Result<bool> {
    scope.require(Right::Manage)?;
    Ok(scope.app.db.drop_collection(name)?)
}

/// Changes aliases: all of it or nothing.
pub(crate) fn change_aliases(scope: &Scope, body: ChangeAliases) -> Result<bool> {
    scope.require(Right::Manage)?;
    let names = scope.app.db.collections();
    let action = |operation: AliasOperation| match operation {
        AliasOperation::CreateAlias { collection_name, alias_name } => {
            if !names.contains(&collection_name) {
                return Err(ApiError::no_collection(&collection_name));
            }
            Ok(AliasAction::Create { alias: alias_name, collection: collection_name })
        }
        AliasOperation::DeleteAlias { alias_name } => Ok(AliasAction::Delete { alias: alias_name }),
        AliasOperation::RenameAlias { old_alias_name, new_alias_name } => {
            Ok(AliasAction::Rename { from: old_alias_name, to: new_alias_name })
        }
    };
    let actions = body.actions.into_iter().map(action).collect::<Result<Vec<_>>>()?;
    scope.app.db.update_aliases(&actions)?;
    Ok(true)
}

/// Aliases of one collection, or of all, that the caller may see.
pub(crate) fn aliases(scope: &Scope, of: Option<&str>) -> Result<Vec<AliasDescription>> {
    if let Some(name) = of {
        scope.open(name, Right::Read)?;
    }
    let aliases = scope.app.db.aliases().into_iter();
    let shown = aliases.filter(|(alias, collection)| match of {
        Some(name) => collection == name || alias == name,
        None => scope.can_see(collection),
    });
    Ok(shown.map(|(alias_name, collection_name)| AliasDescription { alias_name, collection_name }).collect())
}
