"""The registry: what is known about every model version, decision, trial and drift snapshot, in SQL.

One schema (`schema`) on SQLite and PostgreSQL, brought up to date by `migrate.upgrade`, used
through `repository.Registry`. Every change is one transaction that also appends to the audit
`ledger`. Add here what must be remembered about models; a new noun gets a module and its
methods in `Registry`. Which moves are allowed and who may decide belongs to `trimtab.lifecycle`;
the bytes of models belong to `trimtab.storage.artifacts`.
"""
