"""Tiny vision-language models with random weights, built from configurations: real code, no meaning.

Two families that place pictures differently: LLaVA (a fixed number of tokens a picture) and SmolVLM
(Idefics3: pictures in tiles). Each is a folder that the real `AutoProcessor` and
`AutoModelForImageTextToText` load.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

_ROLES = (
    "{% for message in messages %}<|{{ message['role'] }}|>\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for part in message['content'] %}"
    "{% if part['type'] == 'image' %}<image>\n{% else %}{{ part['text'] }}{% endif %}"
    "{% endfor %}{% endif %}</s>\n{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>\n{% endif %}"
)
_WORDS = [
    "The quick brown fox jumps over the lazy dog 0123456789.",
    '{"usedFor": {"phrase": "charging a phone", "detail": "both"}, "can": null, "answer": "yes"}',
    "Product a is a lamp, product b is a tent. Why are they bought together? Answer Yes or No.",
]
_SPECIAL = ["<s>", "</s>", "<unk>", "<image>", "<|system|>", "<|user|>", "<|assistant|>"]


def build_llava(folder: Path) -> Path:
    """Write a LLaVA of about 170,000 parameters."""
    import torch
    from transformers import (
        CLIPImageProcessor,
        CLIPVisionConfig,
        LlamaConfig,
        LlavaConfig,
        LlavaForConditionalGeneration,
        LlavaProcessor,
    )

    torch.manual_seed(0)
    tokenizer = _tokenizer(_SPECIAL)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=2,
            image_size=56,
            patch_size=14,
            projection_dim=32,
        ),
        text_config=_text_config(LlamaConfig, tokenizer),
        image_token_index=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=16,
        vision_feature_layer=-1,
    )
    model = LlavaForConditionalGeneration(config)
    size = {"height": 56, "width": 56}
    pictures = CLIPImageProcessor(size=size, crop_size=size, do_center_crop=False)
    processor = LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=_ROLES,
    )
    return _save(folder, model, processor, tokenizer)


def build_smolvlm(folder: Path) -> Path:
    """Write an Idefics3 whose pictures are cut into tiles, as SmolVLM's are."""
    import torch
    from transformers import (
        Idefics3Config,
        Idefics3ForConditionalGeneration,
        Idefics3ImageProcessor,
        Idefics3Processor,
        LlamaConfig,
    )

    torch.manual_seed(0)
    tiles = [f"<row_{row}_col_{col}>" for row in range(1, 5) for col in range(1, 5)]
    marks = ["<fake_token_around_image>", "<global-img>", "<end_of_utterance>", *tiles]
    tokenizer = _tokenizer([*_SPECIAL, *marks])
    vision = {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 32,
        "patch_size": 8,
    }
    config = Idefics3Config(
        vision_config=vision,
        text_config=_text_config(LlamaConfig, tokenizer).to_dict() | {"model_type": "llama"},
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        scale_factor=2,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Idefics3ForConditionalGeneration(config)
    pictures = Idefics3ImageProcessor(
        size={"longest_edge": 64}, max_image_size={"longest_edge": 32}, do_image_splitting=True
    )
    processor = Idefics3Processor(
        image_processor=pictures, tokenizer=tokenizer, image_seq_len=4, chat_template=_ROLES
    )
    return _save(folder, model, processor, tokenizer)


def _text_config(kind: Any, tokenizer: Any) -> Any:
    return kind(
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=4096,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        initializer_range=0.2,
    )


def _tokenizer(special: list[str]) -> Any:
    """Return a byte-level tokenizer in which Yes and No are single tokens."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    whole = Tokenizer(models.BPE(unk_token=None))
    whole.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    whole.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=512, special_tokens=special, initial_alphabet=pre_tokenizers.ByteLevel.alphabet()
    )
    whole.train_from_iterator(_WORDS * 20, trainer)
    whole.add_tokens([AddedToken("Yes", normalized=False), AddedToken("No", normalized=False)])
    return PreTrainedTokenizerFast(
        tokenizer_object=whole,
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
        pad_token="<unk>",
        additional_special_tokens=[one for one in special if one not in ("<s>", "</s>", "<unk>")],
        padding_side="left",
        extra_special_tokens={"image_token": "<image>"},
    )


def _save(folder: Path, model: Any, processor: Any, tokenizer: Any) -> Path:
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
