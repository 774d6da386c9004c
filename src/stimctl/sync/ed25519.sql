-- Ed25519 signatures (RFC 8032), checked by the server itself: PostgreSQL has no function for it,
-- and an extension would have to be installed. Only public values take part, so the time it takes
-- gives nothing away. About 20 ms a signature.

CREATE SCHEMA stimctl;

-- A number from bytes, the least byte first.
CREATE FUNCTION stimctl.from_bytes(bytes bytea) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value numeric := 0;
BEGIN
    FOR place IN REVERSE octet_length(bytes) - 1 .. 0 LOOP
        value := value * 256 + get_byte(bytes, place);
    END LOOP;
    RETURN value;
END $$;

-- base ^ exponent mod modulus.
CREATE FUNCTION stimctl.power(base numeric, exponent numeric, modulus numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    value numeric := 1;
    square numeric := mod(base, modulus);
    rest numeric := exponent;
BEGIN
    WHILE rest > 0 LOOP
        IF mod(rest, 2) = 1 THEN value := mod(value * square, modulus); END IF;
        square := mod(square * square, modulus);
        rest := div(rest, 2);
    END LOOP;
    RETURN value;
END $$;

CREATE FUNCTION stimctl.ed25519_verifies(public_key bytea, message bytea, signature bytea)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE STRICT SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    p CONSTANT numeric :=
        57896044618658097711785492504343953926634992332820282019728792003956564819949;
    ord CONSTANT numeric :=
        7237005577332262213973186563042994240857116359379907606001950938285454250989;
    d CONSTANT numeric :=
        37095705934669439343138083508754565189542113879843219016388785533085940283555;
    root CONSTANT numeric :=  -- of -1
        19681161376707505956807079304988542015446066515923890162744021073123829784752;
    base_x CONSTANT numeric :=
        15112221349535400772501151409588531511454012693041857206046113283949847762202;
    base_y CONSTANT numeric :=
        46316835694926478169428394003475163141307993866256225615783033603165251855960;
    s numeric; k numeric; sign integer;
    key_x numeric; key_y numeric; u numeric; v numeric;
    both_x numeric; both_y numeric; product numeric; inverse numeric;
    minus numeric[]; plus numeric[]; twist numeric[];  -- of base, -key and their sum
    x numeric := 0; y numeric := 1; z numeric := 1; t numeric := 0;
    a numeric; b numeric; c numeric; e numeric; f numeric; g numeric; h numeric;
    k_bits integer[] := '{}'; which integer;
    first_half bytea;
BEGIN
    IF octet_length(public_key) <> 32 OR octet_length(signature) <> 64 THEN RETURN false; END IF;
    first_half := substring(signature FROM 1 FOR 32);
    s := stimctl.from_bytes(substring(signature FROM 33 FOR 32));
    IF s >= ord THEN RETURN false; END IF;

    -- The point of the public key: y as it stands, x from the equation of the curve.
    sign := get_bit(public_key, 255);
    key_y := stimctl.from_bytes(set_bit(public_key, 255, 0));
    IF key_y >= p THEN RETURN false; END IF;
    u := mod(key_y * key_y - 1 + p, p);
    v := mod(d * mod(key_y * key_y, p) + 1, p);
    key_x := mod(u * stimctl.power(v, 3, p), p)
        * stimctl.power(mod(u * stimctl.power(v, 7, p), p), div(p - 5, 8), p);
    key_x := mod(key_x, p);
    IF mod(v * mod(key_x * key_x, p), p) <> u THEN
        key_x := mod(key_x * root, p);
        IF mod(v * mod(key_x * key_x, p), p) <> u THEN RETURN false; END IF;
    END IF;
    IF key_x = 0 AND sign = 1 THEN RETURN false; END IF;
    IF mod(key_x, 2) = sign AND key_x <> 0 THEN key_x := p - key_x; END IF;  -- that of -key

    k := mod(stimctl.from_bytes(sha512(first_half || public_key || message)), ord);
    FOR place IN 0 .. 252 LOOP
        k_bits := k_bits || mod(k, 2)::integer;
        k := div(k, 2);
    END LOOP;

    product := mod(d * mod(mod(base_x * key_x, p) * mod(base_y * key_y, p), p), p);
    inverse := stimctl.power(mod((1 + product) * (1 - product), p) + p, p - 2, p);
    both_x := mod(mod(base_x * key_y + key_x * base_y, p) * mod((1 - product) * inverse, p), p);
    both_y := mod(mod(base_y * key_y + base_x * key_x, p) * mod((1 + product) * inverse, p), p);
    minus := ARRAY[base_y - base_x, key_y - key_x, both_y - both_x];
    plus := ARRAY[base_y + base_x, key_y + key_x, both_y + both_x];
    twist := ARRAY[mod(2 * d * mod(base_x * base_y, p), p), mod(2 * d * mod(key_x * key_y, p), p),
        mod(2 * d * mod(both_x * both_y, p), p)];

    -- s * base - k * key, both from the highest bit on, in extended coordinates.
    FOR place IN REVERSE 252 .. 0 LOOP
        a := mod(x * x, p); b := mod(y * y, p); c := 2 * z * z;
        h := a + b; e := h - mod((x + y) * (x + y), p); g := a - b; f := mod(c + g, p);
        x := mod(e * f, p); y := mod(g * h, p); t := mod(e * h, p); z := mod(f * g, p);
        which := get_bit(signature, 256 + place) + 2 * k_bits[place + 1];
        IF which > 0 THEN
            a := mod((y - x) * minus[which], p); b := mod((y + x) * plus[which], p);
            c := mod(t * twist[which], p); h := 2 * z;
            e := b - a; f := h - c; g := h + c; h := b + a;
            x := mod(e * f, p); y := mod(g * h, p); t := mod(e * h, p); z := mod(f * g, p);
        END IF;
    END LOOP;
    inverse := stimctl.power(mod(z, p) + p, p - 2, p);
    x := mod(mod(x * inverse, p) + p, p);
    y := mod(mod(y * inverse, p) + p, p);
    RETURN stimctl.from_bytes(set_bit(first_half, 255, 0)) = y
        AND get_bit(first_half, 255) = mod(x, 2)::integer;
END $$;
