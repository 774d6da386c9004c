-- What the server of a clinic holds, and what it refuses. `stimctl sync prepare` runs this file,
-- after ed25519.sql, in one transaction. The server believes no station: it checks the order, the
-- hash chain and the signature of every session itself, before the row is there.
--
-- Refusals have SQLSTATEs of their own:
--   ST001 a session is missing before this one      ST004 it differs from what is here
--   ST002 the hash chain is broken                  ST005 this role is no station, or another one
--   ST003 not signed with this station's key

CREATE TABLE stimctl.version (version integer NOT NULL);
INSERT INTO stimctl.version VALUES (1);

-- Each station logs in with a role of its own; the role says which station it is.
CREATE TABLE stimctl.station (
    station text PRIMARY KEY CHECK (station ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
    role name NOT NULL UNIQUE,
    registered timestamptz NOT NULL DEFAULT now()
);

-- What the server knows a station by. An ended key stays: it has signed what came before.
CREATE TABLE stimctl.station_key (
    public_key bytea PRIMARY KEY CHECK (octet_length(public_key) = 32),
    station text NOT NULL REFERENCES stimctl.station,
    trust text NOT NULL CHECK (trust IN ('administrator', 'first use')),
    registered timestamptz NOT NULL DEFAULT now(),
    ended timestamptz
);
CREATE INDEX station_key_station ON stimctl.station_key (station);

-- `journal` and `additions` are the exact bytes of the station's two files. `sound_bytes`: up to
-- where the journal can be read; less than all where a power cut has torn the last row.
-- The columns after `public_key` are read from those bytes, for reports; `stimctl sync verify`
-- reads them again. A bound that is NULL is not known.
CREATE TABLE stimctl.session (
    station text NOT NULL REFERENCES stimctl.station,
    session text NOT NULL,
    number bigint NOT NULL CHECK (number >= 0),
    journal bytea NOT NULL,
    sound_bytes bigint NOT NULL,
    row_count bigint NOT NULL,
    last_hash text NOT NULL,
    additions bytea NOT NULL,
    public_key bytea NOT NULL REFERENCES stimctl.station_key,
    simulated boolean NOT NULL,
    person text NOT NULL,
    device text NOT NULL,
    protocol text NOT NULL,
    started timestamptz NOT NULL,
    ended timestamptz,
    outcome text NOT NULL,
    pulses bigint NOT NULL, pulses_least bigint, pulses_most bigint,
    charge_nc bigint NOT NULL, charge_nc_least bigint, charge_nc_most bigint,
    on_ms bigint NOT NULL, on_ms_least bigint, on_ms_most bigint,
    channels jsonb NOT NULL,
    arrived timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (station, session)
);
CREATE INDEX session_number ON stimctl.session (station, number);
CREATE INDEX session_person ON stimctl.session (person, started);
ALTER TABLE stimctl.session ALTER COLUMN journal SET STORAGE EXTENDED;

-- What was added to a session after it had been sent: countersignatures, amendments.
CREATE TABLE stimctl.addition (
    station text NOT NULL,
    session text NOT NULL,
    seq bigint NOT NULL,
    line bytea NOT NULL,
    arrived timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (station, session, seq),
    FOREIGN KEY (station, session) REFERENCES stimctl.session
);

-- Why sessions are missing. Without a line here nothing after them is taken.
CREATE TABLE stimctl.absence (
    station text NOT NULL REFERENCES stimctl.station,
    first bigint NOT NULL CHECK (first >= 1),
    last bigint NOT NULL CHECK (last >= first),
    reason text NOT NULL CHECK (btrim(reason) <> ''),
    role name NOT NULL DEFAULT session_user,
    told timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (station, first)
);

CREATE FUNCTION stimctl.own_station() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT station FROM stimctl.station WHERE role = session_user
$$;

-- Up to which number nothing of a station is missing without a reason.
CREATE FUNCTION stimctl.complete_to(of_station text) RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT greatest(
        (SELECT max(number) FROM stimctl.session WHERE station = of_station),
        (SELECT max(last) FROM stimctl.absence WHERE station = of_station),
        0)
$$;

-- The rows of some lines that must continue a chain; `broken` is the first that does not.
CREATE FUNCTION stimctl.chain(
    lines bytea, first bigint, before text,
    OUT row_count bigint, OUT last_hash text, OUT broken bigint
) LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH line AS (
        SELECT place, text, encode(sha256(convert_to(text || E'\n', 'UTF8')), 'hex') AS hash
        FROM unnest(string_to_array(
            convert_from(substring(lines FROM 1 FOR octet_length(lines) - 1), 'UTF8'), E'\n'
        )) WITH ORDINALITY AS whole (text, place)
    ), linked AS (
        SELECT hash, place, (text::json ->> 'seq')::bigint AS seq,
            text::json ->> 'prev' AS previous,
            coalesce(lag(hash) OVER (ORDER BY place), before) AS expected
        FROM line
    )
    SELECT count(*), (array_agg(hash ORDER BY place DESC))[1],
        min(first + place - 1) FILTER (
            WHERE seq IS DISTINCT FROM first + place - 1 OR previous IS DISTINCT FROM expected)
    FROM linked
$$;

-- The key with which the station has signed a session; NULL without a valid signature of it. What is
-- signed: the name of the form, and the line without its signature.
CREATE FUNCTION stimctl.signing_key(
    of_station text, of_session text, lines bytea, tail bytea
) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    line text;
    found text[];
    told json;
    key bytea;
    tail_sha256 text := CASE octet_length(tail) WHEN 0 THEN '' ELSE encode(sha256(tail), 'hex') END;
BEGIN
    IF octet_length(lines) = 0 THEN RETURN NULL; END IF;
    FOREACH line IN ARRAY string_to_array(convert_from(lines, 'UTF8'), E'\n') LOOP
        found := regexp_match(line, '^(.*),"signature":"([0-9a-f]{128})"\}\}$');
        CONTINUE WHEN found IS NULL OR line::json ->> 'kind' <> 'signature';
        told := line::json -> 'data';
        SELECT k.public_key INTO key FROM stimctl.station_key k
            WHERE k.station = of_station AND k.ended IS NULL
            AND encode(k.public_key, 'hex') = told ->> 'public_key';
        IF key IS NOT NULL AND told ->> 'schema' = 'stimctl.additions/1'
            AND told ->> 'session' = of_session
            AND told ->> 'tail_sha256' = tail_sha256
            AND stimctl.ed25519_verifies(
                key,
                convert_to(E'stimctl.additions/1\n' || found[1] || E'}}\n', 'UTF8'),
                decode(found[2], 'hex'))
        THEN RETURN key; END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE FUNCTION stimctl.check_session() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own stimctl.station;
    there stimctl.session;
    complete bigint;
    rows record;
    added record;
BEGIN
    -- For one station one session after the other, even if two programs send.
    SELECT * INTO own FROM stimctl.station WHERE role = session_user FOR UPDATE;
    IF own.station IS DISTINCT FROM NEW.station THEN
        RAISE EXCEPTION 'the role % is not the station %', session_user, NEW.station
            USING ERRCODE = 'ST005';
    END IF;
    SELECT * INTO there FROM stimctl.session s
        WHERE s.station = NEW.station AND s.session = NEW.session;
    IF FOUND THEN
        IF there.journal = NEW.journal THEN RETURN NULL; END IF;  -- sent before: nothing to do
        RAISE EXCEPTION 'session % differs from the one that is here', NEW.session
            USING ERRCODE = 'ST004';
    END IF;

    NEW.number := coalesce(substring(NEW.session FROM 'Z-n([0-9]{1,12})-')::bigint, 0);
    complete := stimctl.complete_to(NEW.station);
    IF NEW.number > complete + 1 THEN
        RAISE EXCEPTION 'sessions % to % of station % are missing',
            complete + 1, NEW.number - 1, NEW.station USING ERRCODE = 'ST001';
    ELSIF NEW.number BETWEEN 1 AND complete - 1 AND NOT EXISTS (
        SELECT FROM stimctl.absence a
        WHERE a.station = NEW.station AND NEW.number BETWEEN a.first AND a.last
    ) THEN
        RAISE EXCEPTION 'number % of station % was another session', NEW.number, NEW.station
            USING ERRCODE = 'ST004',
            DETAIL = 'The station counts its sessions from the beginning again.';
    END IF;

    SELECT * INTO rows FROM stimctl.chain(
        substring(NEW.journal FROM 1 FOR NEW.sound_bytes::integer), 0, repeat('0', 64));
    IF rows.broken IS NOT NULL OR rows.row_count <> NEW.row_count
        OR rows.last_hash <> NEW.last_hash
        OR get_byte(NEW.journal, NEW.sound_bytes::integer - 1) <> 10
    THEN
        RAISE EXCEPTION 'the hash chain of session % is broken at row %',
            NEW.session, coalesce(rows.broken, rows.row_count) USING ERRCODE = 'ST002';
    END IF;
    IF (split_part(convert_from(substring(NEW.journal FROM 1 FOR NEW.sound_bytes::integer),
            'UTF8'), E'\n', 1)::json -> 'data' ->> 'session') IS DISTINCT FROM NEW.session
    THEN
        RAISE EXCEPTION 'the journal is not that of session %', NEW.session
            USING ERRCODE = 'ST002';
    END IF;
    IF octet_length(NEW.additions) > 0 THEN
        SELECT * INTO added FROM stimctl.chain(NEW.additions, NEW.row_count, NEW.last_hash);
        IF added.broken IS NOT NULL OR get_byte(NEW.additions, octet_length(NEW.additions) - 1) <> 10
        THEN
            RAISE EXCEPTION 'the additions of session % do not follow from it', NEW.session
                USING ERRCODE = 'ST002';
        END IF;
    END IF;

    NEW.public_key := stimctl.signing_key(NEW.station, NEW.session, NEW.additions,
        substring(NEW.journal FROM NEW.sound_bytes::integer + 1));
    IF NEW.public_key IS NULL THEN
        RAISE EXCEPTION 'session % is not signed with a key of station %',
            NEW.session, NEW.station USING ERRCODE = 'ST003';
    END IF;
    RETURN NEW;
EXCEPTION
    WHEN invalid_text_representation OR character_not_in_repertoire OR untranslatable_character
        OR substring_error OR array_subscript_error OR numeric_value_out_of_range
    THEN
        RAISE EXCEPTION 'the journal of session % cannot be read', NEW.session
            USING ERRCODE = 'ST002';
END $$;
CREATE TRIGGER check_session BEFORE INSERT ON stimctl.session
    FOR EACH ROW EXECUTE FUNCTION stimctl.check_session();

CREATE FUNCTION stimctl.check_addition() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own stimctl.station;
    whole stimctl.session;
    lines bytea;
    rows record;
    there bytea;
BEGIN
    SELECT * INTO own FROM stimctl.station WHERE role = session_user FOR UPDATE;
    SELECT * INTO whole FROM stimctl.session s
        WHERE s.station = NEW.station AND s.session = NEW.session;
    IF whole.session IS NULL OR own.station IS DISTINCT FROM NEW.station THEN
        RAISE EXCEPTION 'there is no session % of station %', NEW.session, NEW.station
            USING ERRCODE = 'ST005';
    END IF;
    SELECT a.line INTO there FROM stimctl.addition a
        WHERE a.station = NEW.station AND a.session = NEW.session AND a.seq = NEW.seq;
    IF there = NEW.line THEN RETURN NULL; END IF;
    lines := whole.additions || coalesce((
        SELECT string_agg(a.line, ''::bytea ORDER BY a.seq) FROM stimctl.addition a
        WHERE a.station = NEW.station AND a.session = NEW.session), ''::bytea) || NEW.line;
    SELECT * INTO rows FROM stimctl.chain(lines, whole.row_count, whole.last_hash);
    IF there IS NOT NULL OR rows.broken IS NOT NULL
        OR NEW.seq <> whole.row_count + rows.row_count - 1
        OR get_byte(NEW.line, octet_length(NEW.line) - 1) <> 10
    THEN
        RAISE EXCEPTION 'row % does not follow from session % as it is here', NEW.seq, NEW.session
            USING ERRCODE = 'ST004';
    END IF;
    RETURN NEW;
EXCEPTION
    WHEN invalid_text_representation OR character_not_in_repertoire OR untranslatable_character
    THEN
        RAISE EXCEPTION 'row % of session % cannot be read', NEW.seq, NEW.session
            USING ERRCODE = 'ST002';
END $$;
CREATE TRIGGER check_addition BEFORE INSERT ON stimctl.addition
    FOR EACH ROW EXECUTE FUNCTION stimctl.check_addition();

CREATE FUNCTION stimctl.check_absence() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own stimctl.station;
BEGIN
    SELECT * INTO own FROM stimctl.station WHERE role = session_user FOR UPDATE;
    IF own.station IS DISTINCT FROM NEW.station THEN
        RAISE EXCEPTION 'the role % is not the station %', session_user, NEW.station
            USING ERRCODE = 'ST005';
    END IF;
    IF NEW.first <> stimctl.complete_to(NEW.station) + 1 THEN
        RAISE EXCEPTION 'the first number that is missing is %',
            stimctl.complete_to(NEW.station) + 1 USING ERRCODE = 'ST001';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER check_absence BEFORE INSERT ON stimctl.absence
    FOR EACH ROW EXECUTE FUNCTION stimctl.check_absence();

-- Trust on first use: a station without a key may give its own, once.
CREATE FUNCTION stimctl.register_first_key(public_key bytea) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    own stimctl.station;
BEGIN
    SELECT * INTO own FROM stimctl.station WHERE role = session_user FOR UPDATE;
    IF own.station IS NULL OR EXISTS (
        SELECT FROM stimctl.station_key k WHERE k.station = own.station
    ) THEN RETURN false; END IF;
    INSERT INTO stimctl.station_key (public_key, station, trust)
        VALUES (register_first_key.public_key, own.station, 'first use');
    RETURN true;
END $$;

-- For reports: one line for each session, and one for each of its channels.
CREATE VIEW stimctl.session_report AS
SELECT station, session, number, person, device, protocol, simulated, started, ended, outcome,
    ended IS NOT NULL AS has_closing_row,
    pulses, pulses_least, pulses_most,
    charge_nc / 1e6 AS charge_mc, charge_nc_least / 1e6 AS charge_mc_least,
    charge_nc_most / 1e6 AS charge_mc_most,
    on_ms / 6e4 AS minutes, on_ms_least / 6e4 AS minutes_least, on_ms_most / 6e4 AS minutes_most,
    arrived
FROM stimctl.session;

CREATE VIEW stimctl.channel_report AS
SELECT s.station, s.session, s.person, s.started, c.key AS channel,
    (c.value ->> 'pulses')::bigint AS pulses,
    (c.value ->> 'charge_nc')::bigint / 1e6 AS charge_mc,
    (c.value -> 'bounds' -> 'charge_nc' ->> 0)::bigint / 1e6 AS charge_mc_least,
    (c.value -> 'bounds' -> 'charge_nc' ->> 1)::bigint / 1e6 AS charge_mc_most,
    (c.value ->> 'on_ms')::bigint / 6e4 AS minutes,
    (c.value -> 'bounds' -> 'on_ms' ->> 0)::bigint / 6e4 AS minutes_least,
    (c.value -> 'bounds' -> 'on_ms' ->> 1)::bigint / 6e4 AS minutes_most,
    (c.value ->> 'peak_ua')::bigint / 1e3 AS peak_ma
FROM stimctl.session s CROSS JOIN LATERAL jsonb_each(s.channels) AS c;

-- Who may do what: a station adds to its own records and reads them; a reader reads all; nobody
-- but the owner of the schema changes or deletes.
ALTER TABLE stimctl.session ENABLE ROW LEVEL SECURITY;
ALTER TABLE stimctl.addition ENABLE ROW LEVEL SECURITY;
ALTER TABLE stimctl.absence ENABLE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON stimctl.session TO stimctl_station
    USING (station = stimctl.own_station()) WITH CHECK (station = stimctl.own_station());
CREATE POLICY own_rows ON stimctl.addition TO stimctl_station
    USING (station = stimctl.own_station()) WITH CHECK (station = stimctl.own_station());
CREATE POLICY own_rows ON stimctl.absence TO stimctl_station
    USING (station = stimctl.own_station()) WITH CHECK (station = stimctl.own_station());
CREATE POLICY all_rows ON stimctl.session FOR SELECT TO stimctl_reader USING (true);
CREATE POLICY all_rows ON stimctl.addition FOR SELECT TO stimctl_reader USING (true);
CREATE POLICY all_rows ON stimctl.absence FOR SELECT TO stimctl_reader USING (true);

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA stimctl FROM PUBLIC;
GRANT USAGE ON SCHEMA stimctl TO stimctl_station, stimctl_reader;
GRANT SELECT ON ALL TABLES IN SCHEMA stimctl TO stimctl_reader;
GRANT SELECT ON stimctl.version, stimctl.station, stimctl.station_key, stimctl.session,
    stimctl.addition, stimctl.absence TO stimctl_station;
-- All but `arrived`, `told` and `role`: when and from whom it came is not the station's to say.
GRANT INSERT (station, session, number, journal, sound_bytes, row_count, last_hash, additions,
    simulated, person, device, protocol, started, ended, outcome, pulses, pulses_least, pulses_most,
    charge_nc, charge_nc_least, charge_nc_most, on_ms, on_ms_least, on_ms_most, channels
) ON stimctl.session TO stimctl_station;
GRANT INSERT (station, session, seq, line) ON stimctl.addition TO stimctl_station;
GRANT INSERT (station, first, last, reason) ON stimctl.absence TO stimctl_station;
GRANT EXECUTE ON FUNCTION stimctl.own_station(), stimctl.complete_to(text),
    stimctl.register_first_key(bytea) TO stimctl_station;
GRANT EXECUTE ON FUNCTION stimctl.complete_to(text) TO stimctl_reader;
