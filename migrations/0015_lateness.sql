-- Late, and will be late: told once for each cause and owner, whoever notices it first.

create table lateness_notice (
  domain text not null,
  kind text not null constraint lateness_notice_kind check (kind in ('late', 'will-be-late')),
  cause text not null,
  team text not null,
  cycles text[] not null,
  told_at timestamptz not null default now(),
  primary key (domain, kind, cause, team)
);
comment on table lateness_notice is 'What the domain''s notification queue was told of lateness: one row for each cause and owner.';
comment on column lateness_notice.cause is 'The cycle at the root: the one that keeps the late ones waiting, or the late one itself.';
comment on column lateness_notice.cycles is 'The late cycles that the notice named; those that the same cause makes late afterwards are not told of again.';
grant select, insert on lateness_notice to sluice_any_domain;
alter table lateness_notice enable row level security;
create policy own_domain on lateness_notice to sluice_any_domain using (domain = sluice_domain());
