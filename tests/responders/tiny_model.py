"""Makes a tiny language model of chance weights, with a tokenizer and a chat template of its own.

    python tiny_model.py FOLDER

Needs torch and transformers. What it says is noise; how a real server streams
it is not.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

TEXT = Path(__file__).parents[2] / "src" / "nexus_trio" / "world" / "default.toml"
TEMPLATE = (
    "{% for m in messages %}<|{{ m['role'] }}|>{{ m['content'] }}<|end|>{% endfor %}<|assistant|>"
)
ENDS = list(range(25))
"""Tokens that end a reply: of 1,000 that are as likely as each other, so many that a reply
has some 40. A server has its own longest reply, which at 1,024 takes minutes here."""


def make(folder: str) -> None:
    """Write model and tokenizer into `folder`."""
    torch.manual_seed(0)
    special = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]
    bytewise = Tokenizer(models.BPE())
    bytewise.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytewise.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=1000,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
    )
    bytewise.train([str(TEXT)], trainer)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=bytewise, eos_token="<|end|>", pad_token="<|end|>"
    )
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=4,
        max_position_embeddings=4096,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.eos_token_id,
        bos_token_id=tokenizer.eos_token_id,
    )
    model = LlamaForCausalLM(config)
    model.generation_config = GenerationConfig(
        do_sample=True,
        eos_token_id=ENDS,
        pad_token_id=tokenizer.eos_token_id,
    )
    model.save_pretrained(folder)


if __name__ == "__main__":
    make(sys.argv[1])
