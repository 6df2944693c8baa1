-- {title}
--
-- Runs in one transaction with the checks of {checks}, and commits only when all of them hold.
-- Directives stand up here, one a line, such as `-- pgplumb: lock-timeout 2s`.

