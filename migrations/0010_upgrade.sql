-- Upgrades: an open cycle that has not begun takes a newer version of its definition.

alter table operator_action
  drop constraint operator_action_action,
  add constraint operator_action_action check (action in ('rerun', 'upgrade')),
  add column from_version integer,
  add column to_version integer,
  add constraint operator_action_versions check (action = 'upgrade' or from_version is null and to_version is null);
comment on column operator_action.from_version is 'Of an upgrade: the version of the definition that the cycle carried, and in to_version the one asked for; null where a refused one did not get as far.';
