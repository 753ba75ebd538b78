"""The same step natively: `native.py jax|torch THREADS WORK.json`.

For every line on stdin it trains for the milliseconds that the line says and answers with one line of JSON.
The first answer is the losses of ten steps and the time to the first.
"""

import base64
import json
import math
import os
import sys
import time

framework, threads, path = sys.argv[1], int(sys.argv[2]), sys.argv[3]
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = str(threads)
if threads == 1:
    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false"
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
os.environ["JAX_PLATFORMS"] = "cpu"

import numpy as np  # noqa: E402 (the environment comes first)
from safetensors.numpy import load  # noqa: E402

with open(path, encoding="utf-8") as file:
    WORK = json.load(file)
SHAPE, TRAIN = WORK["shape"], WORK["train"]
T, D, H, V, PAIRS = SHAPE["context"], SHAPE["width"], SHAPE["heads"], SHAPE["vocabulary"], SHAPE["pairs"]
FIRST = {n: x.reshape(x.shape[1:] if x.shape[0] == 1 else x.shape) for n, x in load(base64.b64decode(WORK["reference"])).items()}
TOKENS = np.asarray(WORK["tokens"], np.int32).reshape(2 * PAIRS, T)
TARGETS = np.asarray(WORK["targets"], np.int32).reshape(2 * PAIRS, T)
MASK = np.asarray(WORK["mask"], np.float32).reshape(2 * PAIRS, T)


def jax_step():
    import jax
    import jax.numpy as jnp

    causal = jnp.where(jnp.tril(jnp.ones((T, T), bool)), 0.0, -1e9)

    def norm(x, g, b):
        c = x - x.mean(-1, keepdims=True)
        return c * jax.lax.rsqrt((c**2).mean(-1, keepdims=True) + 1e-5) * g + b

    def logps(p):
        x = p["wte"][TOKENS] + p["wpe"]
        for i in range(SHAPE["layers"]):
            w = lambda n: p[f"h.{i}.{n}"]  # noqa: B023, E731
            qkv = norm(x, w("ln1.g"), w("ln1.b")) @ w("attn.qkv.w") + w("attn.qkv.b")
            q, k, v = (y.reshape(-1, T, H, D // H).swapaxes(1, 2) for y in jnp.split(qkv, 3, -1))
            a = jax.nn.softmax(q @ k.swapaxes(2, 3) / math.sqrt(D // H) + causal, -1)
            x = x + (a @ v).swapaxes(1, 2).reshape(-1, T, D) @ w("attn.out.w") + w("attn.out.b")
            up = jax.nn.gelu(norm(x, w("ln2.g"), w("ln2.b")) @ w("mlp.up.w") + w("mlp.up.b"), approximate=False)
            x = x + up @ w("mlp.down.w") + w("mlp.down.b")
        z = jax.nn.log_softmax(norm(x, p["ln_f.g"], p["ln_f.b"]) @ p["head.w"], -1)
        return (jnp.take_along_axis(z, TARGETS[..., None], -1)[..., 0] * MASK).sum(-1)

    reference = jax.jit(logps)(FIRST)

    def loss_of(p):
        r = logps(p) - reference
        return jax.nn.softplus(-TRAIN["beta"] * (r[:PAIRS] - r[PAIRS:])).mean()

    def step(p, m, v, t):
        loss, g = jax.value_and_grad(loss_of)(p)
        size = jnp.sqrt(sum((x**2).sum() for x in g.values()))
        scale = jnp.minimum(TRAIN["clip"] / (size + 1e-6), 1.0)
        b1, b2, t = TRAIN["beta1"], TRAIN["beta2"], t + 1
        m = {n: b1 * m[n] + (1 - b1) * g[n] * scale for n in g}
        v = {n: b2 * v[n] + (1 - b2) * (g[n] * scale) ** 2 for n in g}
        new = lambda n: p[n] - TRAIN["learningRate"] * (m[n] / (1 - b1**t)) / (jnp.sqrt(v[n] / (1 - b2**t)) + TRAIN["eps"])  # noqa: E731
        return {n: new(n) for n in g}, m, v, t, loss

    compiled = jax.jit(step, donate_argnums=(0, 1, 2))
    zeros = lambda: {n: jnp.zeros(x.shape) for n, x in FIRST.items()}  # noqa: E731
    state = [{n: jnp.asarray(x) for n, x in FIRST.items()}, zeros(), zeros(), jnp.float32(0)]

    def run():
        *state[:], loss = compiled(*state)
        return float(loss)

    return run, f"JAX {jax.__version__} (jit)"


def torch_step():
    import torch
    from torch.nn import functional as F

    torch.set_num_threads(threads)
    p = {n: torch.tensor(x, requires_grad=True) for n, x in FIRST.items()}
    tokens, targets, mask = torch.tensor(TOKENS).long(), torch.tensor(TARGETS).long(), torch.tensor(MASK)

    def logps():
        x = p["wte"][tokens] + p["wpe"]
        for i in range(SHAPE["layers"]):
            w = lambda n: p[f"h.{i}.{n}"]  # noqa: B023, E731
            qkv = F.linear(F.layer_norm(x, (D,), w("ln1.g"), w("ln1.b")), w("attn.qkv.w").T, w("attn.qkv.b"))
            q, k, v = (y.view(-1, T, H, D // H).transpose(1, 2) for y in qkv.split(D, -1))
            a = F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(-1, T, D)
            x = x + F.linear(a, w("attn.out.w").T, w("attn.out.b"))
            up = F.gelu(F.linear(F.layer_norm(x, (D,), w("ln2.g"), w("ln2.b")), w("mlp.up.w").T, w("mlp.up.b")))
            x = x + F.linear(up, w("mlp.down.w").T, w("mlp.down.b"))
        z = F.log_softmax(F.layer_norm(x, (D,), p["ln_f.g"], p["ln_f.b"]) @ p["head.w"], -1)
        return (z.gather(-1, targets[..., None])[..., 0] * mask).sum(-1)

    with torch.no_grad():
        reference = logps()
    optimizer = torch.optim.AdamW(p.values(), lr=TRAIN["learningRate"], betas=(TRAIN["beta1"], TRAIN["beta2"]), eps=TRAIN["eps"], weight_decay=0.0, fused=True)

    def run():
        r = logps() - reference
        loss = F.softplus(-TRAIN["beta"] * (r[:PAIRS] - r[PAIRS:])).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(p.values(), TRAIN["clip"])
        optimizer.step()
        return loss.item()

    return run, f"PyTorch {torch.__version__.split('+')[0]} (eager, fused AdamW)"


def main():
    start = time.perf_counter()
    run, name = {"jax": jax_step, "torch": torch_step}[framework]()
    losses = [run()]
    first = (time.perf_counter() - start) * 1e3
    losses += [run() for _ in range(9)]
    print(json.dumps({"name": name, "firstStepMs": first, "losses": losses}), flush=True)
    for line in sys.stdin:
        steps, start = 0, time.perf_counter()
        while (ms := (time.perf_counter() - start) * 1e3) < float(line):
            run()
            steps += 1
        print(json.dumps({"steps": steps, "ms": ms}), flush=True)


if __name__ == "__main__":
    main()
