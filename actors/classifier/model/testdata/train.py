"""Trains small XGBoost models and prints what the library predicts with them.

    python3 train.py DIR

writes NAME.json into DIR and prints one JSON object a line:
{"model": "NAME", "rows": [[…]], "predictions": [[…]]}; a missing value is null.
"""
import json
import random
import sys

import numpy as np
import xgboost as xgb

random.seed(7)
np.random.seed(7)
FEATURES = 6
X = np.random.normal(size=(400, FEATURES)).astype(np.float32)
X[:, 5] = np.random.randint(0, 40, size=400)
X[np.random.random(X.shape) < 0.1] = np.nan
filled = np.nan_to_num(X)
y = filled[:, 0] * 2 + np.sin(filled[:, 1] * 3) + (filled[:, 5] % 7) * 0.3
binary = (y > y.mean()).astype(int)
classes = np.digitize(y, np.quantile(y, [0.3, 0.6]))
counts = np.maximum(0, np.round(y - y.min())).astype(int)

CASES = {
    "regression": (dict(objective="reg:squarederror"), y),
    "logistic": (dict(objective="binary:logistic", base_score=0.3), binary),
    "raw": (dict(objective="binary:logitraw", base_score=0.4), binary),
    "poisson": (dict(objective="count:poisson"), counts),
    "softprob": (dict(objective="multi:softprob", num_class=3), classes),
    "softmax": (dict(objective="multi:softmax", num_class=3), classes),
    "forest": (dict(objective="reg:squarederror", num_parallel_tree=4, subsample=0.6, colsample_bynode=0.6), y),
    "dart": (dict(objective="reg:squarederror", booster="dart", rate_drop=0.4), y),
    "categories": (dict(objective="reg:squarederror", tree_method="hist", max_cat_to_onehot=1), y),
    "onehot": (dict(objective="reg:squarederror", tree_method="hist", max_cat_to_onehot=100), y),
    "deep": (dict(objective="reg:squarederror", max_depth=12, min_child_weight=0), y),
}

for name, (params, label) in CASES.items():
    types = ["q"] * FEATURES
    if name in ("categories", "onehot"):
        types[5] = "c"
    names = ["momentum", "spread", "volume", "range", "age", "sector"]
    data = xgb.DMatrix(X, label=label, feature_names=names, feature_types=types, enable_categorical=True)
    booster = xgb.train({"seed": 7, "verbosity": 0, **params}, data, num_boost_round=20)
    booster.save_model(f"{sys.argv[1]}/{name}.json")
    rows = X[:120].copy()
    rows[:20] = np.random.normal(scale=5, size=(20, FEATURES))
    if types[5] == "c":
        rows[:20, 5] = np.random.randint(0, 40, size=20)
    probe = xgb.DMatrix(rows, feature_names=names, feature_types=types, enable_categorical=True)
    predictions = booster.predict(probe).reshape(len(rows), -1)
    print(json.dumps({
        "model": name,
        "rows": [[None if np.isnan(v) else float(v) for v in row] for row in rows],
        "predictions": [[float(v) for v in row] for row in predictions],
    }))
