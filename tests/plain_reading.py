"""The equations of TALAN read plainly: loops over float64 numbers, nothing shared with the library.

Only the names of the parameters are the library's. `weights` maps them to numpy arrays.
"""

import numpy as np


def softmax(row):
    row = np.exp(row - row.max())
    return row / row.sum()


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def rms_norm(x, weight):
    return x / np.sqrt((x * x).mean() + 1e-6) * weight


def assignments(x, w, kind):
    """A[i, t] for the tokens of one sequence."""
    if kind == "attention":
        queries = w["summarizer.theme_queries"]
        return np.array([softmax(queries @ token / np.sqrt(len(token))) for token in x])
    return np.array([softmax(token @ w["summarizer.theme_projection"]) for token in x])


def memory(x, a, tokens, w, kind):
    """Z from the given token numbers of one sequence."""
    slots = []
    for t in range(a.shape[1]):
        total, weight = np.zeros(x.shape[1]), 0.0
        for i in tokens:
            total += a[i, t] * x[i]
            weight += a[i, t]
        slots.append(total / (weight + 1e-6))
    z = np.array(slots)
    if kind == "soft_mos":
        rows = [softmax(row) for row in w["summarizer.slot_logits"]]
        z = np.array([sum(p * z[s] for s, p in enumerate(row)) for row in rows])
    return z


def attention(query, keys, values, heads):
    """One query over all slots, head by head."""
    size = len(query) // heads
    out = []
    for h in range(heads):
        part = slice(h * size, (h + 1) * size)
        p = softmax(np.array([query[part] @ key[part] for key in keys]) / np.sqrt(size))
        out.append(sum(p[t] * values[t][part] for t in range(len(values))))
    return np.concatenate(out)


def affine(x, w, name):
    return w[f"{name}.weight"] @ x + w[f"{name}.bias"]


def cross(x, z, w, heads, prefix):
    slots = [rms_norm(slot, w[f"{prefix}memory_norm.weight"]) for slot in z]
    query = affine(rms_norm(x, w[f"{prefix}token_norm.weight"]), w, f"{prefix}query")
    keys = [affine(slot, w, f"{prefix}key") for slot in slots]
    values = [affine(slot, w, f"{prefix}value") for slot in slots]
    return affine(attention(query, keys, values, heads), w, f"{prefix}out")


def perturbation(x, a, z, w, *, config, heads):
    """H for one token."""
    if "mixer.mixture_logits" in w:
        total = np.zeros_like(x)
        for k, share in enumerate(softmax(w["mixer.mixture_logits"])):
            prefix = f"mixer.components.{k}."
            own = {n.replace(prefix, "mixer."): v for n, v in w.items() if n.startswith(prefix)}
            total = total + share * perturbation(x, a, z, own, config=config, heads=heads)
        return total
    if config.mixer == "multihead_local":
        packed, bias = w["mixer.in_proj_weight"], w["mixer.in_proj_bias"]
        wq, wk, wv = np.split(packed, 3)
        bq, bk, bv = np.split(bias, 3)
        keys, values = [wk @ s + bk for s in z], [wv @ s + bv for s in z]
        return affine(attention(wq @ x + bq, keys, values, heads), w, "mixer.out_proj")
    if config.mixer == "cross_attn":
        return cross(x, z, w, heads, "mixer.")
    if config.mixer == "gated_cross_attn":
        h0 = cross(x, z, w, heads, "mixer.cross.")
        low = w["mixer.bypass.down.weight"] @ np.concatenate([x, h0])
        return sigmoid(w["mixer.bypass.up.weight"] @ low) * h0
    own = sum(a[t] * z[t] for t in range(len(z)))
    inner = affine(np.concatenate([x, own]), w, "mixer.inward")
    return affine(inner * sigmoid(inner), w, "mixer.outward")


def write(x, h, w, config):
    if config.writeback.rule == "direct":
        ratio = w["writeback.log_alpha_ratio"]
        return x + config.writeback.alpha * np.exp(ratio) * h
    low = w["writeback.lowrank.down.weight"] @ np.concatenate([x, h])
    gate = 2 * sigmoid(w["writeback.lowrank.up.weight"] @ low)
    return x + w["writeback.gate_vector"] * gate * h


def read(x, real, weights, config, heads):
    """The new residual stream of a batch [B, S, d]; `real` [B, S] marks its real tokens."""
    out = np.zeros_like(x)
    for b in range(len(x)):
        a = assignments(x[b], weights, config.summarizer)
        tokens = [i for i in range(x.shape[1]) if real[b, i]]
        for i in range(x.shape[1]):
            seen = [j for j in tokens if config.summary_scope == "sequence" or j <= i]
            z = memory(x[b], a, seen, weights, config.summarizer)
            h = perturbation(x[b, i], a[i], z, weights, config=config, heads=heads)
            out[b, i] = write(x[b, i], h, weights, config)
    return out
