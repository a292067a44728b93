"""How alike are tasks, texts and languages to an encoder? Similarities and task embeddings.

    vectors.py        sentence vectors of texts                          a node with tensors
    similarity.py     task text against target text; translations        nodes of numbers
    subwords.py       shared sub-words, tokens per word                  nodes of numbers
    task_vectors.py   TextEmb, TaskEmb, and their cosines                nodes
    labelled.py       LogME and H-score of an encoder on a target        nodes of numbers
    world.py          the embedded world's own distances

`rows.py` puts all of them into rows of `features.parquet`, with `text_rows.py`, `trained_rows.py`
and `wanted.py`; below are the plain functions of `distances.py`, `evidence.py`, `fisher.py` and
`texts.py`.
"""
