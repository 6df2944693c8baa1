do $pgplumb$
#variable_conflict use_variable
declare
  jobs constant json := current_setting('pgplumb.attempts')::json;
  own constant text := current_setting('role');
  job record;
  phase text;
  code text;
  complaint text;
  statement text;
  seen text;
  affected bigint;
  before text;
  after text;
  replies json[] := '{}';
begin
  for job in
    select * from pg_catalog.json_to_recordset(jobs -> 'attempts')
        as job (prepare json, run text, reads boolean, measure text)
  loop
    code := null;
    complaint := null;
    seen := null;
    affected := null;
    before := null;
    after := null;
    -- variables outlive the subtransaction, rows do not
    begin
      phase := 'prepare';
      for statement in select pg_catalog.json_array_elements_text(job.prepare) loop
        execute statement;
      end loop;
      execute job.measure into before;
      phase := 'role';
      perform pg_catalog.set_config(setting.name, setting.value, true)
         from pg_catalog.json_each_text(jobs -> 'settings') as setting (name, value);
      execute pg_catalog.format('set local role %I', jobs ->> 'role');
      phase := 'run';
      if job.reads then
        execute job.run into seen;
      else
        execute job.run;
        get diagnostics affected = row_count;
      end if;
      phase := 'measure';
      perform pg_catalog.set_config('role', own, true);
      execute job.measure into after;
      phase := null;
      raise exception using errcode = 'PP001';
    exception
      when sqlstate 'PP001' then null;
      when lock_not_available or deadlock_detected or serialization_failure then raise;
      when others then
        get stacked diagnostics code = returned_sqlstate, complaint = message_text;
    end;
    replies := replies || pg_catalog.json_build_object('refused', phase, 'code', code, 'complaint', complaint,
      'seen', seen, 'affected', affected, 'before', before, 'after', after);
  end loop;
  perform pg_catalog.set_config('pgplumb.replies', pg_catalog.array_to_json(replies)::text, true);
end $pgplumb$;
select pg_catalog.current_setting('pgplumb.replies') as replies;
