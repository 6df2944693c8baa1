do $pgplumb$
#variable_conflict use_variable
declare
  -- fields of a stored expression that have no meaning to the server either: columns stand in it by their numbers, so
  -- what their relation is called beside its name is one of them
  spelling constant text := ' :(([a-z_]*location|[a-z_]*format|stmt_len|list_start|list_end) -?[0-9]+'
    || '|alias (<>|[{]ALIAS :aliasname [^ ]+ :colnames <>[}])|eref [{]ALIAS :aliasname [^ ]+)';
  job record;
  statements text[];
  spelled text[];
  trees text[];
  tree text;
  constant_value text;
  constants text[];
  fixed boolean[];
  printed text;
  same boolean;
  refused integer;
  code text;
  complaint text;
  answers json[] := '{}';
begin
  begin
    perform pg_catalog.set_config(setting.name, setting.value, true)
       from pg_catalog.json_each_text(pg_catalog.current_setting('pgplumb.settings')::pg_catalog.json)
            as setting (name, value);
    -- the schema of temporary objects is made once, not again for every object
    begin
      create temporary view pgplumb_first as select 1;
    exception when others then null;
    end;
    for job in
      select asked.how, asked.actual, asked.expected, asked.again, asked.behind,
             min(format('%I.%I', kin.schema, kin.name)) filter (where kin.name is not null) as relation,
             json_agg(coalesce(kin.question, asked.question)) as questions
        from json_to_recordset(current_setting('pgplumb.jobs')::json)
             as asked (question integer, how text, actual text, expected text, again text, behind text, kin json)
        left join lateral json_to_recordset(asked.kin) as kin (question integer, schema name, name name) on true
        -- relations of the same columns: nothing else of them can be meant
        left join lateral (
             select string_agg(concat_ws(' ', quote_ident(a.attname), a.atttypid, a.atttypmod, a.attcollation), ', '
                               order by a.attnum) as columns
               from pg_class c
               join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
              where c.relname = kin.name
                and c.relnamespace = (select n.oid from pg_namespace n where n.nspname = kin.schema)) as shape on true
       group by asked.question, asked.how, asked.actual, asked.expected, asked.again, asked.behind, shape.columns,
             case when shape.columns is null then kin.question end
       order by min(coalesce(kin.question, asked.question))
    loop
      statements := array[job.actual, job.expected];
      if job.relation is not null then
        statements := array[replace(job.actual, chr(1), job.relation), replace(job.expected, chr(1), job.relation)];
      end if;
      spelled := array[null, null];
      trees := array[null, null];
      constants := array[null, null];
      fixed := array[false, false];
      refused := null;
      code := null;
      complaint := null;
      <<rounds>>
      for round in 1 .. 8 loop
        for side in 1 .. 2 loop
          continue when fixed[side];
          -- variables outlive the subtransaction, objects do not
          begin
            printed := null;
            tree := null;
            if job.how = 'literal' then
              execute statements[side] into printed;
            else
              execute statements[side];
              if job.how = 'view' then
                printed := pg_get_viewdef(to_regclass('pg_temp.pgplumb_judged'));
                -- of the view itself, its number is not the same twice
                select replace(r.ev_action::text, ' ' || r.ev_class || ' ', ' ') into tree
                  from pg_rewrite r where r.ev_class = to_regclass('pg_temp.pgplumb_judged');
              elsif job.how = 'default' then
                select pg_get_expr(d.adbin, d.adrelid), d.adbin::text into printed, tree
                  from pg_attrdef d where d.adrelid = to_regclass('pg_temp.pgplumb_judged');
                -- constants and nothing but casts around them are the value that they give
                if tree !~ ':funcformat [03]'
                   and not exists (select from regexp_matches(tree, '[{]([A-Z]+)', 'g') as node
                                    where node[1] not in ('CONST', 'RELABELTYPE', 'FUNCEXPR', 'ARRAY', 'ARRAYEXPR',
                                                          'ARRAYCOERCEEXPR', 'CASETESTEXPR'))
                   and not exists (select from regexp_matches(tree, ':funcid ([0-9]+)', 'g') as called
                                     join pg_proc p on p.oid = called[1]::oid where p.provolatile <> 'i') then
                  begin
                    execute (select format('select cast(cast((%s) as %s) as text)', printed,
                                           format_type(a.atttypid, a.atttypmod))
                               from pg_attribute a
                              where a.attrelid = to_regclass('pg_temp.pgplumb_judged') and a.attnum = 1)
                       into constant_value;
                    constants[side] := constant_value;
                  exception when others then null;
                  end;
                end if;
              elsif job.how = 'rule' then
                select pg_get_ruledef(r.oid), concat(r.ev_type, r.is_instead, r.ev_qual::text, r.ev_action::text) into printed, tree
                  from pg_rewrite r
                 where r.ev_class = to_regclass('pg_temp.pgplumb_judged') and r.rulename = 'pgplumb_judged';
                -- the view stands in it under its number
                tree := replace(tree, ' ' || to_regclass('pg_temp.pgplumb_judged')::oid || ' ', ' ');
              elsif job.how = 'type' then
                select format_type(a.atttypid, a.atttypmod) into printed
                  from pg_attribute a
                 where a.attrelid = to_regclass('pg_temp.pgplumb_judged') and a.attnum = 1;
              elsif job.how = 'body' then
                -- the newest there: the session may have others of that name
                select pg_get_function_sqlbody(p.oid), p.prosqlbody::text into printed, tree
                  from pg_proc p where p.pronamespace = pg_my_temp_schema() order by p.oid desc limit 1;
              elsif job.how = 'returns' then
                printed := pg_get_function_result(to_regproc('pg_temp.pgplumb_judged'));
              elsif job.how = 'domain' then
                select pg_get_expr(con.conbin, 0), con.conbin::text into printed, tree
                  from pg_constraint con
                 where con.contypid = to_regtype('pg_temp.pgplumb_judged') and con.contype = 'c';
              end if;
            end if;
            raise exception using errcode = 'PP001';
          exception
            when sqlstate 'PP001' then null;
            when lock_not_available or deadlock_detected or serialization_failure then raise;
            when others then
              -- what the server printed itself and does not read again is left as it is
              fixed[side] := true;
              if round = 1 then
                refused := side;
                get stacked diagnostics code = returned_sqlstate, complaint = message_text;
                exit rounds;
              end if;
              continue;
          end;
          fixed[side] := job.again is null or coalesce(printed = spelled[side], false);
          spelled[side] := printed;
          trees[side] := tree;
          statements[side] := job.again || printed || job.behind;
        end loop;
        exit when fixed[1] and fixed[2] or spelled[1] = spelled[2];
      end loop;
      -- what only its spelling tells apart (a cast, `trim(x)` or `btrim(x)`) is the same tree
      if spelled[1] <> spelled[2] and trees[1] is not null then
        if regexp_replace(trees[1], spelling, '', 'g') = regexp_replace(trees[2], spelling, '', 'g') then
          spelled[2] := spelled[1];
        end if;
      end if;
      if constants[1] = constants[2] then
        spelled[2] := spelled[1];
      end if;
      if job.how = 'literal' and spelled[1] <> spelled[2] then
        begin
          execute format('select cast(%L as %s) is not distinct from cast(%L as %s)',
                         spelled[1], job.behind, spelled[2], job.behind) into same;
          if same then
            spelled[2] := spelled[1];
          end if;
        exception when others then null;
        end;
      end if;
      answers := answers || json_build_object('questions', job.questions, 'actual', spelled[1],
        'expected', spelled[2], 'refused', refused, 'code', code, 'complaint', complaint);
    end loop;
    raise exception using errcode = 'PP000';
  exception when sqlstate 'PP000' then null;
  end;
  perform pg_catalog.set_config('pgplumb.answers', pg_catalog.array_to_json(answers)::text, true);
end $pgplumb$;
select question.number as question, answer.actual, answer.expected, answer.refused, answer.code, answer.complaint
  from pg_catalog.json_to_recordset(pg_catalog.current_setting('pgplumb.answers')::pg_catalog.json)
       as answer (questions pg_catalog.json, actual text, expected text, refused integer, code text, complaint text)
 cross join lateral pg_catalog.json_array_elements_text(answer.questions) as question (number);
