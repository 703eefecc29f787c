-- The second wall between organizers, on PostgreSQL: a request for one of them runs as a role that sees
-- and changes the rows of that organizer alone, also where a statement forgets to ask for them. Whoever
-- owns the tables, which is who made them here, is bound by none of this: jobs, fans and the platform's
-- own work go across organizers.
--
-- The role is of the server and not of the database, so it is no part of this: see store/src/wall.rs,
-- which gives it what the policies are for and nothing else.
-- postgres:
CREATE FUNCTION tenant() RETURNS UUID LANGUAGE sql STABLE PARALLEL SAFE
RETURN CAST(NULLIF(current_setting('stagedoor.tenant', TRUE), '') AS UUID);

-- An order with places of several organizers is of each of them. As whoever owns the tables, because a
-- policy cannot ask its own table.
CREATE FUNCTION tenant_has_order(wanted UUID) RETURNS BOOLEAN LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER
RETURN EXISTS (SELECT 1 FROM order_hold WHERE order_id = wanted AND organizer_id = tenant());

-- Every table, so that one without a policy is closed.
DO $$
DECLARE name TEXT;
BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = current_schema() LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    END LOOP;
END $$;

-- Tables, what may be done to them, and to which rows. A condition that asks another table finds there
-- what that one's own policy shows. `(SELECT tenant())` is asked once for a statement, not for each row.
DO $$
DECLARE
    own CONSTANT TEXT := 'organizer_id = (SELECT tenant())';
    of_chain CONSTANT TEXT := 'chain = (SELECT tenant())';
    of_order CONSTANT TEXT :=
        'EXISTS (SELECT 1 FROM order_hold h WHERE h.order_id = %1$I.order_id AND h.organizer_id = (SELECT tenant()))';
    of_member CONSTANT TEXT := 'EXISTS (SELECT 1 FROM membership m WHERE m.account_id = %1$I.account_id)';
    -- The keys and messages of invitations, which are nobody's account. They go before their invitation does.
    of_invitation CONSTANT TEXT := 'EXISTS (SELECT 1 FROM invitation i WHERE i.id = %1$I.person_id)';
    rule RECORD;
    name TEXT;
    command TEXT;
    condition TEXT;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        -- The catalogue.
        ('venue performer event external_id', 'SELECT INSERT UPDATE', own),
        ('seat_map', 'SELECT INSERT', 'EXISTS (SELECT 1 FROM venue v WHERE v.id = seat_map.venue_id)'),
        ('event_performer', 'SELECT INSERT DELETE',
            'EXISTS (SELECT 1 FROM event e WHERE e.id = event_performer.event_id)'),
        -- Orders and what is theirs.
        ('order_hold', 'SELECT', own || ' OR tenant_has_order(order_id)'),
        ('sales_order', 'SELECT', replace(of_order, '%1$I.order_id', 'sales_order.id')),
        ('order_line order_contract', 'SELECT', of_order),
        ('order_place', 'SELECT UPDATE', of_order),
        ('order_refund', 'SELECT INSERT UPDATE', of_order),
        ('order_refund_place', 'SELECT INSERT',
            'EXISTS (SELECT 1 FROM order_refund r WHERE r.id = order_refund_place.refund_id)'),
        ('area_capacity seat_change', 'SELECT INSERT UPDATE DELETE',
            'EXISTS (SELECT 1 FROM event e WHERE e.id = %1$I.event_id)'),
        ('fee_rule', 'SELECT',
            'scope = (SELECT tenant()) OR EXISTS (SELECT 1 FROM event e WHERE e.id = fee_rule.scope)'),
        ('contract', 'SELECT', own),
        ('contract_share', 'SELECT', 'EXISTS (SELECT 1 FROM contract c WHERE c.id = contract_share.contract_id)'),
        -- Tickets. Those of an order with several organizers are seen by each, and changed by their own.
        ('ticket', 'SELECT', own || ' OR tenant_has_order(order_id)'),
        ('ticket', 'UPDATE', own),
        ('ticket_change', 'SELECT INSERT', 'EXISTS (SELECT 1 FROM ticket t WHERE t.id = ticket_change.ticket_id)'),
        ('ticket_scan', 'SELECT INSERT', own),
        ('ticket_admission', 'SELECT INSERT UPDATE', own),
        -- Money. An entry belongs to the payment or the refund that it is about.
        ('payment', 'SELECT UPDATE', of_order),
        ('refund', 'SELECT INSERT UPDATE', 'EXISTS (SELECT 1 FROM payment p WHERE p.id = refund.payment_id)'),
        ('ledger_entry', 'SELECT INSERT', 'EXISTS (SELECT 1 FROM payment p WHERE p.id = ledger_entry.subject)
            OR EXISTS (SELECT 1 FROM refund r WHERE r.id = ledger_entry.subject)'),
        ('ledger_line', 'SELECT INSERT', 'EXISTS (SELECT 1 FROM ledger_entry e WHERE e.id = ledger_line.entry_id)'),
        -- Members and programs.
        ('organizer', 'SELECT UPDATE', 'id = (SELECT tenant())'),
        ('membership invitation', 'SELECT INSERT UPDATE DELETE', own),
        ('oauth_client api_key', 'SELECT INSERT UPDATE', own),
        ('oauth_grant', 'SELECT UPDATE', 'EXISTS (SELECT 1 FROM oauth_client c WHERE c.id = oauth_grant.client_id)'),
        ('oauth_code', 'SELECT UPDATE DELETE',
            'EXISTS (SELECT 1 FROM oauth_client c WHERE c.id = oauth_code.client_id)'),
        -- Whoever invited somebody may have left; the message is in their language.
        ('account', 'SELECT', 'EXISTS (SELECT 1 FROM membership m WHERE m.account_id = account.id)
            OR EXISTS (SELECT 1 FROM invitation i WHERE i.invited_by = account.id)'),
        ('second_factor identity_check', 'SELECT', of_member),
        ('idempotency_key', 'SELECT INSERT UPDATE',
            'EXISTS (SELECT 1 FROM membership m WHERE m.account_id = idempotency_key.principal)
             OR EXISTS (SELECT 1 FROM api_key k WHERE k.id = idempotency_key.principal)
             OR EXISTS (SELECT 1 FROM oauth_client c WHERE c.id = idempotency_key.principal)'),
        -- The log. What is done at an organizer may stand in the platform's as well.
        ('audit_entry audit_head audit_checkpoint', 'SELECT', of_chain),
        ('audit_waiting', 'INSERT', of_chain || ' OR chain = ''00000000-0000-0000-0000-000000000000'''),
        -- What is of no organizer. Whoever bought, and whoever the log is about, has a key.
        ('person_key', 'SELECT', 'TRUE'),
        ('person_key message', 'INSERT', 'TRUE'),
        ('person_key message', 'DELETE', of_invitation),
        ('message', 'SELECT', of_invitation),
        ('job', 'SELECT INSERT UPDATE', 'TRUE')
    ) AS rules (tables, commands, rows) LOOP
        FOREACH name IN ARRAY string_to_array(rule.tables, ' ') LOOP
            condition := format(rule.rows, name);
            FOREACH command IN ARRAY string_to_array(rule.commands, ' ') LOOP
                EXECUTE format('CREATE POLICY %I ON %I FOR %s %s', 'tenant_' || lower(command), name, command,
                    CASE command
                        WHEN 'INSERT' THEN format('WITH CHECK (%s)', condition)
                        WHEN 'UPDATE' THEN format('USING (%1$s) WITH CHECK (%1$s)', condition)
                        ELSE format('USING (%s)', condition)
                    END);
            END LOOP;
        END LOOP;
    END LOOP;
END $$;

-- To lock somebody's account is no change of it.
CREATE POLICY tenant_update ON account FOR UPDATE USING (TRUE) WITH CHECK (FALSE);
-- end
