-- Circuits of gateways, by stages. Runs with search_path = bursar.

ALTER TABLE circuits
    ADD COLUMN reason text,                           -- What the last failure said.
    ADD COLUMN probes integer NOT NULL DEFAULT 0;     -- Look-ups that have failed since it was opened.
