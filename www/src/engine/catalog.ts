// Generated from the Rust tables by tests/types.rs; do not edit.
import type { MethodInfo, ScenarioStart } from './types';

export const METHOD_INFOS: MethodInfo[] = [
  {
    "id": "dpo",
    "name": "DPO",
    "paper": "Rafailov et al. 2023, arXiv 2305.18290",
    "formula": "\\frac1n\\sum_i -\\log\\sigma(\\beta h_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Nothing in particular: it fits the mix of preferences it was trained on.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull towards the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "needs_groups": false,
    "needs_embedding_gradient": false
  },
  {
    "id": "kldpo",
    "name": "KLDPO",
    "paper": "Xu et al. 2025, arXiv 2502.01930, algorithm 2",
    "formula": "\\sum_i P_i\\,\\ell_i,\\quad P_i\\propto\\exp\\big((\\ell_i-\\bar\\ell)/\\tau\\big)",
    "adversary": "Reweights the pairs of a batch toward those with a high loss.",
    "robust_to": "Robust to a change in the proportions of the training pairs; not to wrong labels, which it magnifies.",
    "forms": [
      {
        "id": "normalized",
        "name": "normalized",
        "help": "Weights sum to 1 (algorithm 2 as printed)."
      },
      {
        "id": "authors",
        "name": "authors' code",
        "help": "Weights exp((ℓ−mean)/τ), clamped at 10, batch mean; not normalized, so the step grows too."
      },
      {
        "id": "radius",
        "name": "exact radius",
        "help": "Holds KL(P‖uniform) at the radius and solves for τ on each batch (the dual of Lemma 12); ours."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull towards the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "tau",
        "symbol": "τ",
        "default": 0.5,
        "min": 0.001,
        "max": 1000.0,
        "help": "Temperature of the adversary: smaller lets it concentrate on fewer pairs; very large is DPO.",
        "forms": [
          "normalized",
          "authors"
        ]
      },
      {
        "id": "radius",
        "symbol": "ρ",
        "default": 0.1,
        "min": 0.0,
        "max": 20.0,
        "help": "KL radius of the ambiguity set, in nats; 0 is DPO, log n or more is the single worst pair.",
        "forms": [
          "radius"
        ]
      }
    ],
    "needs_groups": false,
    "needs_embedding_gradient": false
  },
  {
    "id": "wdpo",
    "name": "WDPO",
    "paper": "Xu et al. 2025, arXiv 2502.01930, algorithm 1 and appendix F",
    "formula": "\\bar\\ell+\\rho\\,\\sqrt{\\tfrac1n\\sum_i\\lVert\\nabla_e\\ell_i\\rVert^2}",
    "adversary": "Nudges the words of every pair, most where the loss is most sensitive to them.",
    "robust_to": "Robust to small changes in the inputs of a pair; it does not reweight pairs, so a rare group gains only if it is also the sensitive one.",
    "forms": [
      {
        "id": "algorithm1",
        "name": "algorithm 1",
        "help": "mean ℓ + ρ √(mean ‖∇_e ℓ‖²)."
      },
      {
        "id": "appendix_f",
        "name": "appendix F",
        "help": "mean (ℓ + ρ ‖∇_e ℓ‖²): another scale of ρ, much weaker at small gradients."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull towards the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "rho",
        "symbol": "ρ",
        "default": 0.5,
        "min": 0.0,
        "max": 10000.0,
        "help": "Radius of the Wasserstein ball (each form has its own scale); 0 is DPO.",
        "forms": []
      }
    ],
    "needs_groups": false,
    "needs_embedding_gradient": true
  },
  {
    "id": "gr_dpo",
    "name": "GR-DPO",
    "paper": "Ramesh et al. 2024, arXiv 2405.20304",
    "formula": "\\sum_g\\alpha_g L_g,\\quad \\alpha_g\\leftarrow\\alpha_g e^{\\eta L_g}/Z",
    "adversary": "Reweights whole groups, which it is told, by exponentiated gradient ascent.",
    "robust_to": "Robust to a change in group proportions, because it knows the groups; the yardstick for methods that do not.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull towards the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "eta",
        "symbol": "η",
        "default": 0.1,
        "min": 0.0,
        "max": 100.0,
        "help": "Step size of the group weights; 0 keeps every group at the same weight.",
        "forms": []
      }
    ],
    "needs_groups": true,
    "needs_embedding_gradient": false
  },
  {
    "id": "dr_dpo",
    "name": "Dr. DPO",
    "paper": "Wu et al. 2024, arXiv 2407.07880",
    "formula": "-\\beta'\\log\\frac1n\\sum_i e^{-\\ell_i/\\beta'}",
    "adversary": "A friend rather than an adversary: down-weights the pairs with a high loss.",
    "robust_to": "Robust to wrong labels, which have high losses; it gives up on a rare group for the same reason.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull towards the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "beta_prime",
        "symbol": "β′",
        "default": 1.0,
        "min": 0.001,
        "max": 1000.0,
        "help": "Temperature: smaller trusts only the easiest pairs; very large is DPO.",
        "forms": []
      }
    ],
    "needs_groups": false,
    "needs_embedding_gradient": false
  }
];

export const SCENARIOS: ScenarioStart[] = [
  {
    "id": "two-populations",
    "title": "Two populations",
    "description": "People ask for advice; most want something to do, some want sympathy, and all want careful wording.",
    "groups": [
      {
        "name": "Practical",
        "wants": "Wants something to do, carefully worded.",
        "weights": [
          0.6,
          0.4
        ]
      },
      {
        "name": "Sentimental",
        "wants": "Wants sympathy, carefully worded.",
        "weights": [
          -0.6,
          0.4
        ]
      }
    ],
    "mix": [
      0.9,
      0.1
    ],
    "knobs": [
      "mix",
      "marker",
      "flip",
      "labels",
      "reward_scale"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "two-populations",
        "pairs": 512,
        "eval_pairs": 64,
        "mix": [
          0.9,
          0.1
        ],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "gpt",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 24,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {
            "beta": 0.5
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "beta": 0.5,
            "tau": 0.1
          },
          "seed": 0
        },
        {
          "method": "wdpo",
          "params": {
            "beta": 0.5,
            "rho": 0.2
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 300,
        "batch": 16,
        "learning_rate": 0.0002,
        "warmup": 10,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": 1.0,
        "frame_every": 2
      },
      "eval": {
        "every": 10,
        "samples": 32,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  },
  {
    "id": "shortcut",
    "title": "Shortcut",
    "description": "Everybody wants a correct answer; flattery marks it for the majority and misleads the minority.",
    "groups": [
      {
        "name": "Tenants",
        "wants": "Wants a correct answer; in its pairs the better one flatters.",
        "weights": [
          1.0,
          0.0
        ]
      },
      {
        "name": "Technicians",
        "wants": "Wants a correct answer; in its pairs the worse one flatters.",
        "weights": [
          1.0,
          0.0
        ]
      }
    ],
    "mix": [
      0.9,
      0.1
    ],
    "knobs": [
      "mix",
      "marker",
      "flip",
      "labels",
      "reward_scale"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "shortcut",
        "pairs": 512,
        "eval_pairs": 64,
        "mix": [
          0.9,
          0.1
        ],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "gpt",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 24,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {
            "beta": 0.5
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "beta": 0.5,
            "tau": 0.1
          },
          "seed": 0
        },
        {
          "method": "wdpo",
          "params": {
            "beta": 0.5,
            "rho": 0.2
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 300,
        "batch": 16,
        "learning_rate": 0.0002,
        "warmup": 10,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": 1.0,
        "frame_every": 2
      },
      "eval": {
        "every": 10,
        "samples": 32,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  },
  {
    "id": "regions",
    "title": "Regions",
    "description": "Four made-up regions, one rare, differ in how practical and how formal advice should be and agree on careful wording.",
    "groups": [
      {
        "name": "Harbor",
        "wants": "Wants something to do, said casually.",
        "weights": [
          0.5,
          -0.2,
          0.3
        ]
      },
      {
        "name": "Valley",
        "wants": "Wants something to do, said formally.",
        "weights": [
          0.3,
          0.4,
          0.3
        ]
      },
      {
        "name": "Highlands",
        "wants": "Wants sympathy, said formally.",
        "weights": [
          -0.4,
          0.3,
          0.3
        ]
      },
      {
        "name": "Islands",
        "wants": "Wants sympathy, said casually.",
        "weights": [
          -0.5,
          -0.2,
          0.3
        ]
      }
    ],
    "mix": [
      0.45,
      0.3,
      0.2,
      0.05
    ],
    "knobs": [
      "mix",
      "marker",
      "flip",
      "labels",
      "reward_scale"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "regions",
        "pairs": 512,
        "eval_pairs": 64,
        "mix": [
          0.45,
          0.3,
          0.2,
          0.05
        ],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "gpt",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 24,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {
            "beta": 0.5
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "beta": 0.5,
            "tau": 0.1
          },
          "seed": 0
        },
        {
          "method": "wdpo",
          "params": {
            "beta": 0.5,
            "rho": 0.2
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 300,
        "batch": 16,
        "learning_rate": 0.0002,
        "warmup": 10,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": 1.0,
        "frame_every": 2
      },
      "eval": {
        "every": 10,
        "samples": 32,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  },
  {
    "id": "tabular",
    "title": "One question",
    "description": "One question with two answers: a share of users always prefers the second, so every method has an exact end point.",
    "groups": [
      {
        "name": "Yes",
        "wants": "Always prefers yes.",
        "weights": [
          1.0
        ]
      },
      {
        "name": "No",
        "wants": "Always prefers no.",
        "weights": [
          -1.0
        ]
      }
    ],
    "mix": [
      0.9,
      0.1
    ],
    "knobs": [
      "mix"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "tabular",
        "pairs": 20,
        "eval_pairs": 64,
        "mix": [
          0.9,
          0.1
        ],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "tabular",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 16,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {},
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "tau": 1.0
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "tau": 0.25
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "tau": 0.1
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 800,
        "batch": 20,
        "learning_rate": 0.2,
        "warmup": 10,
        "schedule": "cosine",
        "weight_decay": 0.0,
        "clip": 1000000.0,
        "frame_every": 2
      },
      "eval": {
        "every": 100,
        "samples": 0,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  },
  {
    "id": "emotion",
    "title": "Emotion",
    "description": "Short texts about how someone feels; two emotions are rewarded, and the people's taste moves from one to the other.",
    "groups": [
      {
        "name": "Fear",
        "wants": "Wants texts that express fear.",
        "weights": [
          1.0,
          0.0
        ]
      },
      {
        "name": "Anger",
        "wants": "Wants texts that express anger.",
        "weights": [
          0.0,
          1.0
        ]
      }
    ],
    "mix": [
      0.9,
      0.1
    ],
    "knobs": [
      "mix",
      "flip",
      "labels",
      "reward_scale"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "emotion",
        "pairs": 2048,
        "eval_pairs": 64,
        "mix": [
          0.9,
          0.1
        ],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "gpt",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 26,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {
            "beta": 0.5
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "beta": 0.5,
            "tau": 0.1
          },
          "seed": 0
        },
        {
          "method": "wdpo",
          "params": {
            "beta": 0.5,
            "rho": 0.2
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 300,
        "batch": 16,
        "learning_rate": 0.0002,
        "warmup": 10,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": 1.0,
        "frame_every": 2
      },
      "eval": {
        "every": 10,
        "samples": 128,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  },
  {
    "id": "imported",
    "title": "Your own pairs",
    "description": "A JSONL file with prompt, chosen and rejected, and a group where there is one; it never leaves this machine.",
    "groups": [],
    "mix": [],
    "knobs": [
      "mix",
      "flip"
    ],
    "config": {
      "seed": 1,
      "data": {
        "scenario": "imported",
        "pairs": 512,
        "eval_pairs": 64,
        "mix": [],
        "marker": 0.0,
        "flip": 0.0,
        "labels": "bradley-terry",
        "reward_scale": 4.0,
        "emotions": [
          "fear",
          "anger"
        ],
        "mixture": "convex"
      },
      "model": {
        "policy": "gpt",
        "d_model": 64,
        "layers": 2,
        "heads": 4,
        "context": 24,
        "tied": false
      },
      "reward": {
        "steps": 800,
        "batch": 32,
        "learning_rate": 0.003,
        "d_model": 32,
        "layers": 2
      },
      "sft": {
        "steps": 600,
        "batch": 32,
        "learning_rate": 0.003,
        "bundled": true
      },
      "lanes": [
        {
          "method": "dpo",
          "params": {
            "beta": 0.5
          },
          "seed": 0
        },
        {
          "method": "kldpo",
          "params": {
            "beta": 0.5,
            "tau": 0.1
          },
          "seed": 0
        },
        {
          "method": "wdpo",
          "params": {
            "beta": 0.5,
            "rho": 0.2
          },
          "seed": 0
        }
      ],
      "train": {
        "steps": 300,
        "batch": 16,
        "learning_rate": 0.0002,
        "warmup": 10,
        "schedule": "constant",
        "weight_decay": 0.0,
        "clip": 1.0,
        "frame_every": 2
      },
      "eval": {
        "every": 10,
        "samples": 32,
        "temperature": 1.0,
        "top_k": 0,
        "top_p": 1.0
      }
    }
  }
];
