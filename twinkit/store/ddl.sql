CREATE TABLE change (
	seq INTEGER NOT NULL,
	resource TEXT NOT NULL,
	id TEXT NOT NULL,
	action TEXT NOT NULL,
	"before" TEXT,
	PRIMARY KEY (seq)
);

CREATE TABLE counter (
	name TEXT NOT NULL,
	value BIGINT NOT NULL,
	PRIMARY KEY (name)
)
 WITHOUT ROWID;

CREATE TABLE delivery (
	seq INTEGER NOT NULL,
	event INTEGER NOT NULL,
	receiver TEXT NOT NULL,
	attempt INTEGER NOT NULL,
	due INTEGER NOT NULL,
	status TEXT NOT NULL,
	url TEXT NOT NULL,
	request_headers TEXT NOT NULL,
	request_body BLOB NOT NULL,
	response_status INTEGER,
	response_body BLOB NOT NULL,
	error TEXT NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (seq)
);

CREATE INDEX delivery_due ON delivery (status, due);

CREATE TABLE event (
	seq INTEGER NOT NULL,
	id TEXT NOT NULL,
	type TEXT NOT NULL,
	created INTEGER NOT NULL,
	resource TEXT NOT NULL,
	data TEXT,
	PRIMARY KEY (seq)
);

CREATE TABLE exchange (
	seq INTEGER NOT NULL,
	at INTEGER NOT NULL,
	operation TEXT NOT NULL,
	method TEXT NOT NULL,
	path TEXT NOT NULL,
	"query" TEXT NOT NULL,
	status INTEGER NOT NULL,
	request BLOB NOT NULL,
	reply BLOB,
	reply_of INTEGER,
	fault TEXT,
	micros INTEGER NOT NULL,
	changes TEXT NOT NULL,
	principal TEXT,
	PRIMARY KEY (seq)
);

CREATE TABLE idempotency (
	"key" TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	status INTEGER NOT NULL,
	headers TEXT NOT NULL,
	body BLOB NOT NULL,
	expires INTEGER NOT NULL,
	PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE meta (
	"key" TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY ("key")
)
 WITHOUT ROWID;

CREATE TABLE record (
	seq INTEGER NOT NULL,
	resource TEXT NOT NULL,
	id TEXT NOT NULL,
	parent TEXT NOT NULL,
	created INTEGER NOT NULL,
	deleted INTEGER NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (seq),
	UNIQUE (resource, id)
);

CREATE INDEX record_live ON record (resource) WHERE deleted = 0;

CREATE TABLE timer (
	seq INTEGER NOT NULL,
	due INTEGER NOT NULL,
	kind TEXT NOT NULL,
	data TEXT NOT NULL,
	PRIMARY KEY (seq)
);

CREATE INDEX timer_due ON timer (due);

CREATE TABLE word (
	path TEXT NOT NULL,
	word TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (path, word, at)
)
 WITHOUT ROWID;
