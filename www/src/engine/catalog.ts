// Generated from the Rust tables by tests/types.rs; do not edit.
import type { MethodInfo, ScenarioStart } from './types';

export const METHOD_INFOS: MethodInfo[] = [
  {
    "id": "dpo",
    "name": "DPO",
    "family": "paper",
    "paper": "Rafailov et al., Direct Preference Optimization",
    "year": 2023,
    "arxiv": "2305.18290",
    "formula": "\\frac1n\\sum_i -\\log\\sigma(\\beta h_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Nothing in particular: it fits the mix of preferences it was trained on.",
    "not_robust_to": "A change in the mix of groups, wrong labels, and further training, which it uses to drift from the reference.",
    "needs": [],
    "confidence": "text",
    "note": "",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "kldpo",
    "name": "KLDPO",
    "family": "paper",
    "paper": "Xu et al., Robust LLM Alignment via Distributionally Robust DPO, algorithm 2",
    "year": 2025,
    "arxiv": "2502.01930",
    "formula": "\\sum_i P_i\\,\\ell_i,\\quad P_i\\propto\\exp\\big((\\ell_i-\\bar\\ell)/\\tau\\big)",
    "adversary": "Reweights the pairs of a batch toward those with a high loss.",
    "robust_to": "A change in the proportions of the training pairs.",
    "not_robust_to": "Wrong labels: they have high losses, and it magnifies them.",
    "needs": [],
    "confidence": "code",
    "note": "The authors' code does not normalize the weights and clamps each at 10; it is offered as a form of its own.",
    "name_clash": "",
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
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
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
    "gauge": "τ, the temperature of the tilt",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "wdpo",
    "name": "WDPO",
    "family": "paper",
    "paper": "Xu et al., Robust LLM Alignment via Distributionally Robust DPO, algorithm 1 and appendix F",
    "year": 2025,
    "arxiv": "2502.01930",
    "formula": "\\bar\\ell+\\rho\\,\\sqrt{\\tfrac1n\\sum_i\\lVert\\nabla_e\\ell_i\\rVert^2}",
    "adversary": "Nudges the words of every pair, most where the loss is most sensitive to them.",
    "robust_to": "Small changes in the inputs of a pair.",
    "not_robust_to": "A rare group: it does not reweight pairs, so that group gains only if it is also the sensitive one.",
    "needs": [],
    "confidence": "code",
    "note": "Text and code penalize the root of the mean and the mean of squares; each form has its own scale of ρ.",
    "name_clash": "WDPO also names a Winsorized DPO and others.",
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
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
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
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": true,
    "gpu": true
  },
  {
    "id": "gr_dpo",
    "name": "GR-DPO",
    "family": "peer",
    "paper": "Ramesh et al., Group Robust Preference Optimization",
    "year": 2024,
    "arxiv": "2405.20304",
    "formula": "\\sum_g\\alpha_g L_g,\\quad \\alpha_g\\leftarrow\\alpha_g e^{\\eta L_g}/Z",
    "adversary": "Reweights whole groups, which it is told, by exponentiated gradient ascent.",
    "robust_to": "A change in group proportions, because it knows the groups; the yardstick for methods that do not.",
    "not_robust_to": "Groups that nobody told it of, and wrong labels inside a group.",
    "needs": [
      "groups"
    ],
    "confidence": "code",
    "note": "Group losses are means within the batch; the authors' default scales batch sums by the groups' sizes, which changes the scale of η.",
    "name_clash": "GRPO is both Group Robust and Group Relative Preference (or Policy) Optimization.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
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
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "dr_dpo",
    "name": "Dr. DPO",
    "family": "peer",
    "paper": "Wu et al., Towards Robust Alignment: Distributionally Robustifying DPO",
    "year": 2024,
    "arxiv": "2407.07880",
    "formula": "-\\beta'\\log\\frac1n\\sum_i e^{-\\ell_i/\\beta'}",
    "adversary": "A friend rather than an adversary: down-weights the pairs with a high loss.",
    "robust_to": "Wrong labels, which have high losses.",
    "not_robust_to": "A change in the mix: it gives up on a rare group, whose losses are high as well.",
    "needs": [],
    "confidence": "code",
    "note": "",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
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
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "gdpo",
    "name": "GDPO",
    "family": "related",
    "paper": "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    "year": 2024,
    "arxiv": "2409.06691",
    "formula": "-\\log\\sigma\\big(\\beta(2\\hat p_i-1)h_i\\big)",
    "adversary": "None: an unsure label pulls less, and one of p̂ = ½ not at all.",
    "robust_to": "Labels that are known to be unsure.",
    "not_robust_to": "Labels that are wrong but sure, and a change in the mix.",
    "needs": [
      "soft-labels"
    ],
    "confidence": "reading",
    "note": "Derived from the paper's idea and checked numerically; the authors published no code.",
    "name_clash": "GDPO is also Group Distributional Preference Optimization (2412.20299) and a reward-decoupled method (2601.05242).",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "gipo",
    "name": "GIPO",
    "family": "related",
    "paper": "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    "year": 2024,
    "arxiv": "2409.06691",
    "formula": "(2\\hat p_i-1)^2\\big(h_i-\\tfrac1{2\\beta}\\big)^2",
    "adversary": "None: an unsure label counts with the square of its certainty.",
    "robust_to": "Labels that are known to be unsure; its margins have a goal and do not run away.",
    "not_robust_to": "Labels that are wrong but sure, and a change in the mix.",
    "needs": [
      "soft-labels"
    ],
    "confidence": "reading",
    "note": "Two readings of the paper are offered; the text was not at hand.",
    "name_clash": "",
    "forms": [
      {
        "id": "loss",
        "name": "scaled loss",
        "help": "The certainty scales the loss: the geometric mean applied to soft IPO."
      },
      {
        "id": "margin",
        "name": "scaled margin",
        "help": "The certainty scales the margin: ((2p̂−1)h − 1/(2β))²."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "gropo",
    "name": "GROPO",
    "family": "related",
    "paper": "Furuta et al., Geometric-Averaged Preference Optimization for Soft Preference Labels",
    "year": 2024,
    "arxiv": "2409.06691",
    "formula": "-\\gamma\\log\\sigma(u_i)+\\alpha\\,\\sigma(-u_i),\\quad u_i=\\beta(2\\hat p_i-1)h_i",
    "adversary": "None: unsure labels pull less, and pairs that are badly wrong pull less than in DPO.",
    "robust_to": "Unsure labels, and in part wrong ones: the sigmoid lets go of a pair that cannot be fitted.",
    "not_robust_to": "A change in the mix.",
    "needs": [
      "soft-labels"
    ],
    "confidence": "reading",
    "note": "ROPO's constants are those of a third-party code; the paper's own were not at hand.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "gamma",
        "symbol": "γ",
        "default": 0.1,
        "min": 0.0,
        "max": 10.0,
        "help": "Weight of the logarithmic loss.",
        "forms": []
      },
      {
        "id": "alpha",
        "symbol": "α",
        "default": 0.2,
        "min": 0.0,
        "max": 10.0,
        "help": "Weight of the sigmoid loss.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "minor_dpo",
    "name": "Minor DPO",
    "family": "related",
    "paper": "Xie et al., Minor DPO reject penalty to increase training robustness",
    "year": 2024,
    "arxiv": "2408.09834",
    "formula": "-\\log\\sigma\\big(\\beta a_i-\\beta\\max(0,b_i)\\big)",
    "adversary": "None: a rejected answer below its reference probability is left alone.",
    "robust_to": "High learning rates: rejected answers are not pushed down without end.",
    "not_robust_to": "Wrong labels and a change in the mix, as DPO.",
    "needs": [],
    "confidence": "reading",
    "note": "Two summaries agree on the formula; no code of the authors was found. At b = 0, where every run starts, the gate is closed.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "bmc",
    "name": "BMC",
    "family": "related",
    "paper": "Jiang et al., Bridging and Modeling Correlations in Pairwise Data for Direct Preference Optimization",
    "year": 2024,
    "arxiv": "2408.07471",
    "formula": "-\\log\\sigma\\big(r(\\tilde y_w)-r(y_l)\\big),\\ r(y)=\\beta\\sum_t\\lambda_t\\log\\tfrac{\\pi_\\theta(y_t)}{\\pi_{\\rm ref}(y_t)},\\ \\lambda_t=1+[y_t\\ \\text{differs}]\\min\\big(\\tfrac1{\\pi_\\theta(y_t)},\\delta\\big)",
    "adversary": "None: the winner ỹ is the loser edited toward it, and words in which the two differ count more, most where the policy is unsure of them.",
    "robust_to": "Differences between the two answers that say nothing of why one is better: the edit takes them out, and the common words count less.",
    "not_robust_to": "Wrong labels, which the edit follows, and a change in the mix.",
    "needs": [
      "edits"
    ],
    "confidence": "code",
    "note": "The authors let a large language model edit; here spans of the loser that the winner words differently are replaced, and what only one of them says stays as the loser has it. δ = 0 is bridging alone (DPO-BC). δ 1.5 to 3 and β 0.01 or 0.05 were used.",
    "name_clash": "",
    "forms": [
      {
        "id": "formula",
        "name": "as written",
        "help": "Policy and reference are weighed by the policy's λ."
      },
      {
        "id": "as_coded",
        "name": "as coded",
        "help": "The reference's log-probabilities are weighed by λ of its own."
      },
      {
        "id": "modeling",
        "name": "modeling alone",
        "help": "As written, on the answers as they are (DPO-MC)."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.05,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "delta",
        "symbol": "δ",
        "default": 2.0,
        "min": 0.0,
        "max": 100.0,
        "help": "Most that a differing word counts beyond 1.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "ada_dpo",
    "name": "Ada-DPO",
    "family": "related",
    "paper": "Hong et al., Adaptive Preference Scaling for RLHF",
    "year": 2024,
    "arxiv": "2406.02764",
    "formula": "\\min_{\\tau_i\\in[\\tau_0,\\tau_{\\max}]}-\\tau_i\\log\\sigma(h_i/\\tau_i)+(\\rho_0-\\log 2)\\,\\tau_i",
    "adversary": "Doubts each label a little: clear pairs get a large scale and may drift apart, ambiguous ones a small one.",
    "robust_to": "Pairs of very different clarity under one β.",
    "not_robust_to": "A change in the mix, which the paper itself calls another aim, and wrong labels.",
    "needs": [],
    "confidence": "code",
    "note": "Newton's method as published can cycle (margin 0.7 at ρ₀ = 0.3 does); the closed form is ours.",
    "name_clash": "",
    "forms": [
      {
        "id": "paper",
        "name": "paper",
        "help": "The margin itself, β absorbed in τ and ρ; τ in closed form."
      },
      {
        "id": "authors",
        "name": "authors' code, closed form",
        "help": "β times the margin, and the constant in τ left out of the loss; τ in closed form."
      },
      {
        "id": "newton",
        "name": "authors' Newton",
        "help": "As the authors' code: τ from 1 by five projected Newton steps."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": [
          "authors",
          "newton"
        ]
      },
      {
        "id": "rho0",
        "symbol": "ρ₀",
        "default": 0.1,
        "min": 0.0001,
        "max": 10.0,
        "help": "How far the inner adversary may doubt a label (KL, nats); log 2 or more holds τ at its minimum.",
        "forms": []
      },
      {
        "id": "tau0",
        "symbol": "τ₀",
        "default": 0.1,
        "min": 0.001,
        "max": 10.0,
        "help": "Smallest scale.",
        "forms": []
      },
      {
        "id": "tau_max",
        "symbol": "τmax",
        "default": 4.0,
        "min": 0.001,
        "max": 1000.0,
        "help": "Largest scale.",
        "forms": []
      }
    ],
    "gauge": "mean τ of the pairs",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "rpo",
    "name": "RPO",
    "family": "related",
    "paper": "Liu et al., Provably Mitigating Overoptimization in RLHF: Your SFT Loss is Implicitly an Adversarial Regularizer",
    "year": 2024,
    "arxiv": "2405.16436",
    "formula": "-\\log\\sigma(\\beta h_i)-\\eta\\beta\\log\\pi_\\theta(y_w|x)",
    "adversary": "An adversarial reward model, solved away: what is left is a supervised term on the chosen answers.",
    "robust_to": "Overoptimization: the probability of chosen answers does not fall with that of rejected ones.",
    "not_robust_to": "Wrong labels, which it also imitates, and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "Sums and token means differ by a factor of about β|y_w|, so η does not carry over from form to form.",
    "name_clash": "RPO is also Iterative Reasoning PO (2404.19733) and Reward-aware PO.",
    "forms": [
      {
        "id": "authors",
        "name": "authors' code",
        "help": "Subtracts βη times the summed log-probability."
      },
      {
        "id": "token_mean",
        "name": "TRL",
        "help": "Adds η times the mean over all chosen tokens of the batch (sigmoid + sft)."
      },
      {
        "id": "sequence_mean",
        "name": "OpenRLHF",
        "help": "Adds η times the mean over answers of their mean over tokens."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.01,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "eta",
        "symbol": "η",
        "default": 0.005,
        "min": 0.0,
        "max": 10.0,
        "help": "Weight of the supervised term; 0 is DPO.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "mrpo",
    "name": "MRPO",
    "family": "related",
    "paper": "Le et al., Multi-Reference Preference Optimization for Large Language Models",
    "year": 2024,
    "arxiv": "2405.16388",
    "formula": "-\\log\\sigma\\Big(\\beta\\log\\tfrac{\\pi_\\theta(y_w)}{\\tilde\\pi(y_w)}-\\beta\\log\\tfrac{\\pi_\\theta(y_l)}{\\tilde\\pi(y_l)}\\Big),\\quad\\tilde\\pi=\\Big(\\sum_k\\tfrac{\\alpha_k}{\\pi^k_{\\rm ref}}\\Big)^{-1}",
    "adversary": "None: references that tell the two answers apart get more weight.",
    "robust_to": "One reference that is bad at some pairs.",
    "not_robust_to": "Wrong labels and a change in the mix; adaptive weights are said to leak the label (2512.10040).",
    "needs": [
      "references"
    ],
    "confidence": "code",
    "note": "In the authors' code the two adaptive weights change places; both are offered. Further references are trained on halves of the reference's corpus.",
    "name_clash": "",
    "forms": [
      {
        "id": "published",
        "name": "as published",
        "help": "Adaptive weights, each reference its own."
      },
      {
        "id": "as_coded",
        "name": "as coded",
        "help": "Adaptive weights of two references, in exchange."
      },
      {
        "id": "fixed",
        "name": "fixed weights",
        "help": "The main reference has 1 − α, the others share α."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.1,
        "min": 0.0,
        "max": 1.0,
        "help": "Further references are clipped to this relative distance from the main one, in log-probability; 0 does not clip.",
        "forms": []
      },
      {
        "id": "alpha",
        "symbol": "α",
        "default": 0.5,
        "min": 0.0,
        "max": 1.0,
        "help": "Share of the further references.",
        "forms": [
          "fixed"
        ]
      },
      {
        "id": "references",
        "symbol": "K",
        "default": 2.0,
        "min": 2.0,
        "max": 3.0,
        "help": "References, the main one included.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "rs_dpo",
    "name": "RS-DPO",
    "family": "related",
    "paper": "Khaki et al., RS-DPO: A Hybrid Rejection Sampling and DPO Method for Alignment of LLMs",
    "year": 2024,
    "arxiv": "2402.10038",
    "formula": "\\ell(h)\\ \\text{over all}\\ (y_j,y_l):\\ \\sigma\\big((r_j-r_l)/\\tau\\big)>\\eta",
    "adversary": "None: pairs that the reward is not sure of are left out.",
    "robust_to": "Wrong labels, which it never sees, and answers that the policy would not write.",
    "not_robust_to": "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    "needs": [
      "samples",
      "rewards"
    ],
    "confidence": "reading",
    "note": "From summaries; the authors published no code. η means nothing without the reward's scale: here it is that of the labels.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "k",
        "symbol": "k",
        "default": 16.0,
        "min": 2.0,
        "max": 16.0,
        "help": "Samples for each prompt.",
        "forms": []
      },
      {
        "id": "tau",
        "symbol": "τ",
        "default": 1.0,
        "min": 0.01,
        "max": 100.0,
        "help": "Scale of reward differences.",
        "forms": []
      },
      {
        "id": "eta",
        "symbol": "η",
        "default": 0.85,
        "min": 0.5,
        "max": 0.999,
        "help": "A pair is kept where σ(difference / τ) lies above this.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "exo_pref",
    "name": "EXO (pairs)",
    "family": "related",
    "paper": "Ji et al., Towards Efficient Exact Optimization of Language Model Alignment",
    "year": 2024,
    "arxiv": "2402.00856",
    "formula": "q_i\\log\\tfrac{q_i}{1-\\varepsilon}+(1-q_i)\\log\\tfrac{1-q_i}{\\varepsilon},\\quad q_i=\\sigma(\\beta h_i)",
    "adversary": "None: the policy seeks a mode of the label's distribution instead of covering it.",
    "robust_to": "A policy too small to fit every label: it gives up on some rather than average over all.",
    "not_robust_to": "Wrong labels at small ε, whose first steps are steep, and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "At h = 0 its gradient is 3.5 times DPO's (ε = 0.001): compare at a smaller learning rate or at equal KL.",
    "name_clash": "",
    "forms": [
      {
        "id": "normalized",
        "name": "normalized target",
        "help": "Target (1−ε, ε), as TRL's exo_pair."
      },
      {
        "id": "authors",
        "name": "authors' code",
        "help": "Unnormalized log-target 0 and −10."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.001,
        "min": 1e-8,
        "max": 0.5,
        "help": "Share that the target leaves to the rejected answer.",
        "forms": [
          "normalized"
        ]
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "exo_rw",
    "name": "EXO (rewards)",
    "family": "related",
    "paper": "Ji et al., Towards Efficient Exact Optimization of Language Model Alignment",
    "year": 2024,
    "arxiv": "2402.00856",
    "formula": "\\mathrm{KL}\\big(\\mathrm{softmax}_k(\\beta\\,s_k)\\,\\Vert\\,\\mathrm{softmax}_k(r_k/\\beta_r)\\big),\\quad s_k=\\log\\tfrac{\\pi_\\theta(y_k)}{\\pi_{\\rm ref}(y_k)}",
    "adversary": "None: it learns from rewards of its reference's own samples, not from labels.",
    "robust_to": "Wrong labels, which it never sees.",
    "not_robust_to": "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    "needs": [
      "samples",
      "rewards"
    ],
    "confidence": "code",
    "note": "",
    "name_clash": "",
    "forms": [
      {
        "id": "exo",
        "name": "EXO",
        "help": "The divergence from the policy to the rewards."
      },
      {
        "id": "dpo",
        "name": "DPO on rewards",
        "help": "The other direction, as a cross-entropy."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.5,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "beta_r",
        "symbol": "βr",
        "default": 0.5,
        "min": 0.001,
        "max": 100.0,
        "help": "Temperature of the rewards.",
        "forms": []
      },
      {
        "id": "k",
        "symbol": "K",
        "default": 4.0,
        "min": 2.0,
        "max": 16.0,
        "help": "Samples for each prompt.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "mpo",
    "name": "MPO (our reading)",
    "family": "related",
    "paper": "Jiang et al., Preference as Reward, Maximum Preference Optimization with Importance Sampling",
    "year": 2023,
    "arxiv": "2312.16430",
    "formula": "-\\sigma\\big(\\log\\pi_\\theta(y_w)-\\log\\pi_\\theta(y_l)\\big)-\\lambda\\,\\mathbb E_{D_{\\rm ref}}\\log\\pi_\\theta(y|x)",
    "adversary": "None: pairs that are badly wrong are let go, and text of the reference's training is kept likely.",
    "robust_to": "Wrong labels: the sigmoid's slope vanishes for pairs that cannot be fitted.",
    "not_robust_to": "A change in the mix; a rare group may never get a slope.",
    "needs": [
      "reference-data"
    ],
    "confidence": "reading",
    "note": "The paper's text was not at hand: whether its score has a reference or a temperature, and its weights, are open.",
    "name_clash": "MPO is also Mixed Preference Optimization (InternVL), which is what TRL means.",
    "forms": [
      {
        "id": "no_reference",
        "name": "without reference",
        "help": "The ordering score is the policy's own margin."
      },
      {
        "id": "reference",
        "name": "with reference",
        "help": "The ordering score is the margin over the reference."
      }
    ],
    "params": [
      {
        "id": "weight",
        "symbol": "λ",
        "default": 0.01,
        "min": 0.0,
        "max": 10.0,
        "help": "Weight of the log-probability of reference data, per text; ours.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "rso",
    "name": "RSO",
    "family": "related",
    "paper": "Liu et al., Statistical Rejection Sampling Improves Preference Optimization",
    "year": 2023,
    "arxiv": "2309.06657",
    "formula": "-\\log\\sigma(\\gamma h)\\ \\text{or}\\ \\max(0,1-\\gamma h),\\quad y\\sim\\pi_{\\rm ref}\\,e^{r/\\beta}",
    "adversary": "None: it learns from answers that a better policy would write.",
    "robust_to": "Wrong labels, which it never sees, and pairs from another policy.",
    "not_robust_to": "A wrong reward, and a change in the mix of the groups whose rewards it is given.",
    "needs": [
      "samples",
      "rewards"
    ],
    "confidence": "text",
    "note": "Candidates are drawn at temperature 1, 16 to 4 instead of 64 to 8; equal texts count once, as published.",
    "name_clash": "TRL's sigmoid_norm divides by length; here norm means divided by the reference policy.",
    "forms": [
      {
        "id": "sigmoid_norm",
        "name": "sigmoid-norm",
        "help": "DPO's loss with γ in place of β."
      },
      {
        "id": "hinge_norm",
        "name": "hinge-norm",
        "help": "A hinge on the margin over the reference."
      },
      {
        "id": "hinge",
        "name": "hinge (SLiC)",
        "help": "A hinge on the policy's own margin, without a reference."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.5,
        "min": 0.001,
        "max": 100.0,
        "help": "Temperature of the sampler: 0 takes the best candidates, large ones accept all.",
        "forms": []
      },
      {
        "id": "gamma",
        "symbol": "γ",
        "default": 0.05,
        "min": 0.0001,
        "max": 100.0,
        "help": "Scale of margins in the loss.",
        "forms": []
      },
      {
        "id": "candidates",
        "symbol": "N",
        "default": 16.0,
        "min": 2.0,
        "max": 16.0,
        "help": "Candidates for each prompt.",
        "forms": []
      },
      {
        "id": "keep",
        "symbol": "n",
        "default": 4.0,
        "min": 2.0,
        "max": 16.0,
        "help": "Candidates that are accepted; neighbors among them are paired.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "rdpo",
    "name": "rDPO",
    "family": "peer",
    "paper": "Chowdhury et al., Provably Robust DPO: Aligning Language Models with Noisy Feedback",
    "year": 2024,
    "arxiv": "2403.00409",
    "formula": "\\frac{(1-\\varepsilon)\\,\\ell(h_i)-\\varepsilon\\,\\ell(-h_i)}{1-2\\varepsilon}",
    "adversary": "None: it subtracts what flipped labels add on average.",
    "robust_to": "Labels flipped at random at the rate ε.",
    "not_robust_to": "A wrong ε and many epochs: the loss has no lower bound, so margins drift; a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "",
    "name_clash": "R-DPO is another method, which corrects for length. TRL calls this one robust.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.1,
        "min": 0.0,
        "max": 0.49,
        "help": "Rate at which labels are thought to be flipped.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "cdpo",
    "name": "cDPO",
    "family": "peer",
    "paper": "Mitchell, A note on DPO with noisy preferences and its relationship to IPO",
    "year": 2023,
    "arxiv": "",
    "formula": "(1-\\varepsilon)\\,\\ell(h_i)+\\varepsilon\\,\\ell(-h_i)",
    "adversary": "None: each label is smoothed.",
    "robust_to": "Labels flipped at a known rate: margins have a finite target, σ(βh) = 1 − ε.",
    "not_robust_to": "A change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "TRL left label smoothing out of its sigmoid loss after version 0.28.",
    "name_clash": "",
    "forms": [
      {
        "id": "fixed",
        "name": "fixed rate",
        "help": "One ε for every pair."
      },
      {
        "id": "soft",
        "name": "soft labels",
        "help": "Each pair's own ε = 1 − p̂ (needs soft labels to differ from DPO)."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.1,
        "min": 0.0,
        "max": 0.5,
        "help": "Probability that a label is wrong.",
        "forms": [
          "fixed"
        ]
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "ipo",
    "name": "IPO",
    "family": "peer",
    "paper": "Azar et al., A General Theoretical Paradigm to Understand Learning from Human Preferences",
    "year": 2023,
    "arxiv": "2310.12036",
    "formula": "\\big(h_i-\\tfrac1{2\\beta}\\big)^2",
    "adversary": "None: each margin is drawn to the same target.",
    "robust_to": "Overfitting of sure labels: margins stop at 1/(2β) instead of growing for ever.",
    "not_robust_to": "Wrong labels, whose squared distance counts most, and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "TRL divides log-ratios by the answers' lengths, on the authors' word; other code does not.",
    "name_clash": "",
    "forms": [
      {
        "id": "sum",
        "name": "summed",
        "help": "Log-ratios summed over tokens, as printed."
      },
      {
        "id": "length",
        "name": "per token (TRL)",
        "help": "Log-ratios divided by the number of tokens."
      },
      {
        "id": "soft",
        "name": "soft labels",
        "help": "The target is scaled by 2p̂ − 1 (Furuta et al.)."
      }
    ],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "chi_po",
    "name": "χPO",
    "family": "peer",
    "paper": "Huang et al., Correcting the Mythos of KL-Regularization: Direct Alignment without Overoptimization via Chi-Squared PO",
    "year": 2024,
    "arxiv": "2407.13399",
    "formula": "-\\log\\sigma\\big(\\mathrm{clip}_{\\pm2R}[\\beta(\\phi(e^{a_i})-\\phi(e^{b_i}))]\\big),\\quad\\phi(z)=z+\\log z",
    "adversary": "None: answers that the reference hardly gives are distrusted.",
    "robust_to": "Overoptimization at small β: raising an answer far above the reference is paid for exponentially.",
    "not_robust_to": "Wrong labels and a change in the mix.",
    "needs": [],
    "confidence": "reading",
    "note": "Two summaries agree on the formula. The clip stops the gradient outside its band; the frames say for how many pairs.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.05,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "r_max",
        "symbol": "Rmax",
        "default": 10.0,
        "min": 0.1,
        "max": 1000.0,
        "help": "Largest reward difference: the logit is cut at ±2 Rmax.",
        "forms": []
      }
    ],
    "gauge": "share of pairs whose logit is clipped",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "gr_ipo",
    "name": "GR-IPO",
    "family": "peer",
    "paper": "Ramesh et al., Group Robust Preference Optimization",
    "year": 2024,
    "arxiv": "2405.20304",
    "formula": "\\sum_g\\alpha_g L_g,\\quad L_g=\\text{mean}_{i\\in g}\\big(h_i-\\tfrac1{2\\beta}\\big)^2",
    "adversary": "Reweights whole groups, which it is told, by exponentiated gradient ascent.",
    "robust_to": "A change in group proportions, because it knows the groups.",
    "not_robust_to": "Groups that nobody told it of, and wrong labels inside a group.",
    "needs": [
      "groups"
    ],
    "confidence": "code",
    "note": "The authors' η of 5e-7 belongs to losses summed over the batch and scaled by group sizes; here they are means.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.01,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "eta",
        "symbol": "η",
        "default": 0.0001,
        "min": 0.0,
        "max": 100.0,
        "help": "Step size of the group weights; 0 keeps every group at the same weight.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "tv_dro",
    "name": "TV-DRO",
    "family": "peer",
    "paper": "Mandal et al., Distributionally Robust RLHF",
    "year": 2025,
    "arxiv": "2503.00539",
    "formula": "\\max_{\\frac12\\lVert q-1/n\\rVert_1\\le\\rho}\\sum_i q_i\\,\\ell_i",
    "adversary": "Takes the share ρ of all weight from the pairs with the lowest losses and gives it to the one with the highest.",
    "robust_to": "A change in the proportions of the training pairs, up to the share ρ.",
    "not_robust_to": "One wrong label, which can get all the weight that is moved.",
    "needs": [],
    "confidence": "reading",
    "note": "The inner problem is solved exactly on each batch; the paper's own algorithm was not readable.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "rho",
        "symbol": "ρ",
        "default": 0.1,
        "min": 0.0,
        "max": 1.0,
        "help": "Share of the weight that the adversary may move; 0 is DPO, 1 the single worst pair.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "beta_dpo",
    "name": "β-DPO",
    "family": "peer",
    "paper": "Wu et al., β-DPO: Direct Preference Optimization with Dynamic β",
    "year": 2024,
    "arxiv": "2407.08639",
    "formula": "-\\log\\sigma(\\beta_{\\rm batch}h_i),\\quad\\beta_{\\rm batch}=\\beta_0\\big[1+\\alpha(\\bar M_{\\rm sel}-M_0)\\big]",
    "adversary": "None: pairs far from the running mean margin are left out more often, and clear batches get a larger β.",
    "robust_to": "Outlying pairs, and data of changing quality under one β.",
    "not_robust_to": "A rare group, whose margins are the outliers that it leaves out; a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "Running means start at 0 and are updated before use, as in the authors' code.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "alpha",
        "symbol": "α",
        "default": 0.6,
        "min": 0.0,
        "max": 10.0,
        "help": "How strongly β follows the batch; 0 is DPO on the filtered pairs.",
        "forms": []
      },
      {
        "id": "filter",
        "symbol": "f",
        "default": 0.2,
        "min": 0.0,
        "max": 0.9,
        "help": "Share of each batch that is left out.",
        "forms": []
      },
      {
        "id": "momentum",
        "symbol": "m",
        "default": 0.9,
        "min": 0.0,
        "max": 0.999,
        "help": "Momentum of the running mean and standard deviation.",
        "forms": []
      }
    ],
    "gauge": "β of this batch",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": false
  },
  {
    "id": "maxmin",
    "name": "MaxMin (our surrogate)",
    "family": "peer",
    "paper": "Chakraborty et al., MaxMin-RLHF: Alignment with Diverse Human Preferences",
    "year": 2024,
    "arxiv": "2402.08925",
    "formula": "\\max_g\\ \\text{mean}_{i\\in g}\\ \\ell_i",
    "adversary": "Picks the group with the highest mean loss and gives it all the weight.",
    "robust_to": "Any mix of the groups it is told: only the worst one counts.",
    "not_robust_to": "Small groups in a batch, whose means are noise, and wrong labels.",
    "needs": [
      "groups"
    ],
    "confidence": "reading",
    "note": "The paper learns one reward model per cluster of annotators and trains by reinforcement; this is the hard limit of GR-DPO instead.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "hinge",
    "name": "Hinge",
    "family": "trl",
    "paper": "Zhao et al., SLiC-HF: Sequence Likelihood Calibration with Human Feedback",
    "year": 2023,
    "arxiv": "2305.10425",
    "formula": "\\max(0,\\,1-\\beta h_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Overfitting of clear pairs: a margin of 1/β is enough.",
    "not_robust_to": "Wrong labels and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "With a reference this is RSO's hinge-norm loss; SLiC's own has none.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "nca_pair",
    "name": "NCA",
    "family": "trl",
    "paper": "Chen et al., Noise Contrastive Alignment of Language Models with Explicit Rewards",
    "year": 2024,
    "arxiv": "2402.05369",
    "formula": "-\\log\\sigma(\\beta a_i)-\\tfrac12\\log\\sigma(-\\beta a_i)-\\tfrac12\\log\\sigma(-\\beta b_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "A fall of the chosen answers' probability: it is anchored to the reference.",
    "not_robust_to": "Wrong labels and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "bco_pair",
    "name": "BCO",
    "family": "trl",
    "paper": "Jung et al., Binary Classifier Optimization for Large Language Model Alignment",
    "year": 2024,
    "arxiv": "2404.04656",
    "formula": "-\\log\\sigma(\\beta a_i)-\\log\\sigma(-\\beta b_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Chosen and rejected answers that were not written for each other.",
    "not_robust_to": "Wrong labels and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "Without the running mean that shifts rewards, as in TRL since 0.29.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "sppo_hard",
    "name": "SPPO",
    "family": "trl",
    "paper": "Wu et al., Self-Play Preference Optimization for Language Model Alignment",
    "year": 2024,
    "arxiv": "2405.00675",
    "formula": "\\big(a_i-\\tfrac1{2\\beta}\\big)^2+\\big(b_i+\\tfrac1{2\\beta}\\big)^2",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Log-ratios that run away: each has a target.",
    "not_robust_to": "Wrong labels, whose squared distance counts most, and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "The loss alone; the self-play rounds of the paper are not part of it.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "aot",
    "name": "AOT",
    "family": "trl",
    "paper": "Melnyk et al., Distributional Preference Alignment of LLMs via Optimal Transport",
    "year": 2024,
    "arxiv": "2406.05882",
    "formula": "-\\log\\sigma\\big(\\beta(u_{(i)}-v_{(i)})\\big),\\quad u=\\log\\tfrac{\\pi_\\theta(y_w)}{\\pi_\\theta(y_l)},\\ v=\\log\\tfrac{\\pi_{\\rm ref}(y_w)}{\\pi_{\\rm ref}(y_l)}",
    "adversary": "None: pairs are matched by rank, so that a batch as a whole must improve, not each pair.",
    "robust_to": "Single pairs that cannot be fitted, as long as the batch as a whole improves.",
    "not_robust_to": "A rare group, whose pairs others may make up for.",
    "needs": [],
    "confidence": "code",
    "note": "A pair is named by its place among the policy's margins.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.0,
        "min": 0.0,
        "max": 0.5,
        "help": "Label smoothing.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "aot_unpaired",
    "name": "AOT, unpaired",
    "family": "trl",
    "paper": "Melnyk et al., Distributional Preference Alignment of LLMs via Optimal Transport",
    "year": 2024,
    "arxiv": "2406.05882",
    "formula": "-\\log\\sigma\\big(\\beta(a_{(i)}-b_{(i)})\\big)",
    "adversary": "None: pairs are matched by rank, so that a batch as a whole must improve, not each pair.",
    "robust_to": "Single pairs that cannot be fitted, as long as the batch as a whole improves.",
    "not_robust_to": "A rare group, whose pairs others may make up for.",
    "needs": [],
    "confidence": "code",
    "note": "A pair is named by its chosen answer's place; TRL once called it aot_pair.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.0,
        "min": 0.0,
        "max": 0.5,
        "help": "Label smoothing.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "apo_zero",
    "name": "APO-zero",
    "family": "trl",
    "paper": "D'Oosterlinck et al., Anchored Preference Optimization and Contrastive Revisions",
    "year": 2024,
    "arxiv": "2408.06266",
    "formula": "1-\\sigma(\\beta a_i)+\\sigma(\\beta b_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Pairs that cannot be fitted: the sigmoid lets go of them.",
    "not_robust_to": "A change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "For chosen answers that are better than what the policy writes.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "apo_down",
    "name": "APO-down",
    "family": "trl",
    "paper": "D'Oosterlinck et al., Anchored Preference Optimization and Contrastive Revisions",
    "year": 2024,
    "arxiv": "2408.06266",
    "formula": "\\sigma(\\beta a_i)+1-\\sigma(\\beta h_i)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Pairs that cannot be fitted: the sigmoid lets go of them.",
    "not_robust_to": "A change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "For chosen answers that are worse than what the policy writes: it lowers them too, by design.",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "discopop",
    "name": "DiscoPOP",
    "family": "trl",
    "paper": "Lu et al., Discovering Preference Optimization Algorithms with and for Large Language Models",
    "year": 2024,
    "arxiv": "2406.08414",
    "formula": "-(1-m_i)\\log\\sigma(u_i)+m_i\\,e^{-u_i},\\quad u_i=\\beta h_i,\\ m_i=\\sigma(u_i/\\tau)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Nothing by design: it was selected for scores on benchmarks.",
    "not_robust_to": "Wrong labels and a change in the mix; the loss is not convex.",
    "needs": [],
    "confidence": "code",
    "note": "",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "tau",
        "symbol": "τ",
        "default": 0.05,
        "min": 0.001,
        "max": 10.0,
        "help": "Temperature of the gate between the two losses.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": true,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "sigmoid_norm",
    "name": "Sigmoid, length-normalized",
    "family": "trl",
    "paper": "Lambert et al., Tülu 3: Pushing Frontiers in Open Language Model Post-Training",
    "year": 2024,
    "arxiv": "2411.15124",
    "formula": "-\\log\\sigma\\Big(\\beta\\big(\\tfrac{a_i}{|y_w|}-\\tfrac{b_i}{|y_l|}\\big)\\Big)",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "Answers of different lengths: a long one has no longer lever.",
    "not_robust_to": "Wrong labels and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "Log-ratios per token are small: published runs use β of several units.",
    "name_clash": "RSO's sigmoid-norm is another: there norm means divided by the reference policy.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "sft",
    "name": "SFT",
    "family": "trl",
    "paper": "TRL, loss type sft",
    "year": 2023,
    "arxiv": "",
    "formula": "-\\frac{\\sum_i\\log\\pi_\\theta(y_{w,i})}{\\sum_i|y_{w,i}|}",
    "adversary": "None: rejected answers are not looked at.",
    "robust_to": "Overoptimization: it only imitates.",
    "not_robust_to": "Wrong labels, which it imitates, and a change in the mix.",
    "needs": [],
    "confidence": "code",
    "note": "",
    "name_clash": "",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": true
  },
  {
    "id": "mix",
    "name": "Weighted sum",
    "family": "trl",
    "paper": "TRL, loss_type with loss_weights",
    "year": 2025,
    "arxiv": "",
    "formula": "\\sum_j w_j\\ \\text{mean}_i\\ \\ell^{(j)}_i",
    "adversary": "None: each pair has weight 1/n.",
    "robust_to": "What its parts are robust to, in part.",
    "not_robust_to": "What its heaviest part is not robust to.",
    "needs": [],
    "confidence": "code",
    "note": "All parts share β; sigmoid + sft is TRL's RPO, sigmoid + bco_pair + sft its MPO (the Mixed PO of InternVL).",
    "name_clash": "TRL's MPO is this kind of sum, not Maximum Preference Optimization.",
    "forms": [],
    "params": [
      {
        "id": "beta",
        "symbol": "β",
        "default": 0.1,
        "min": 0.0001,
        "max": 100.0,
        "help": "Strength of the pull toward the reference policy: larger keeps it closer.",
        "forms": []
      },
      {
        "id": "epsilon",
        "symbol": "ε",
        "default": 0.001,
        "min": 1e-8,
        "max": 0.49,
        "help": "TRL's label_smoothing, for exo_pair, robust, aot and aot_unpaired.",
        "forms": []
      },
      {
        "id": "tau",
        "symbol": "τ",
        "default": 0.05,
        "min": 0.001,
        "max": 10.0,
        "help": "discopop's temperature.",
        "forms": []
      },
      {
        "id": "sigmoid",
        "symbol": "sigmoid",
        "default": 1.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "hinge",
        "symbol": "hinge",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "ipo",
        "symbol": "ipo",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "exo_pair",
        "symbol": "exo_pair",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "nca_pair",
        "symbol": "nca_pair",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "robust",
        "symbol": "robust",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "bco_pair",
        "symbol": "bco_pair",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "sppo_hard",
        "symbol": "sppo_hard",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "aot",
        "symbol": "aot",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "aot_unpaired",
        "symbol": "aot_unpaired",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "apo_zero",
        "symbol": "apo_zero",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "apo_down",
        "symbol": "apo_down",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "discopop",
        "symbol": "discopop",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "sft",
        "symbol": "sft",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      },
      {
        "id": "sigmoid_norm",
        "symbol": "sigmoid_norm",
        "default": 0.0,
        "min": -100.0,
        "max": 100.0,
        "help": "Weight of the loss type of this name; 0 leaves it out.",
        "forms": []
      }
    ],
    "gauge": "",
    "margins_only": false,
    "needs_embedding_gradient": false,
    "gpu": false
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
        "mixture": "convex",
        "tokens": "words"
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
        "mixture": "convex",
        "tokens": "words"
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
        "mixture": "convex",
        "tokens": "words"
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
        "mixture": "convex",
        "tokens": "words"
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
        "mixture": "convex",
        "tokens": "words"
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
        "mixture": "convex",
        "tokens": "words"
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
