-- What the session's person proved with who they are; a passkey stands for two factors.
ALTER TABLE session ADD COLUMN means TEXT NOT NULL DEFAULT 'password' CHECK (means IN ('password', 'passkey'));
