"""An encoder learns better links from parallel sentences, by objectives of AWESOME (Dou and Neubig 2021, arXiv
2101.08231).

Low-rank adapters of an encoder are trained on

- *self-training* (SO): links that are each other's most probable become more probable;
- *consistency* (CO): the link probabilities of both directions agree;
- *identification* (PSI): a sentence is more like its translation than like those of other sentences of the batch.
  AWESOME asks a classifier over both sentences; without one, this is the contrast of their mean vectors.

The objectives that mask words need a language model, which sentence encoders lack. A model that was trained with the
package ``awesome-align`` itself is used like any other, by its folder.
"""
