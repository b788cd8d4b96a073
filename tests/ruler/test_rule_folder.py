"""A folder of rules, as it changes and fails."""

from pathlib import Path

from structlog.testing import capture_logs

from sigyn.ruler.rule_folder import RuleFolder

RULES = "groups: [{name: shop, rules: [{record: one, expr: vector(1)}]}]"


def names(folder: RuleFolder) -> list[str]:
    return sorted(f"{key.tenant}/{key.namespace}" for tenant in folder.tenants() for key in folder.groups(tenant))


def test_a_folder_that_can_not_be_read_leaves_the_rules_in_force(tmp_path: Path) -> None:
    rules, aside = tmp_path / "rules", tmp_path / "aside"
    (rules / "a").mkdir(parents=True)
    (rules / "a" / "shop.yaml").write_text(RULES)
    (rules / "till.yaml").write_text(RULES)
    folder = RuleFolder(rules)
    assert folder.reload()
    assert names(folder) == ["a/shop.yaml", "fake/till.yaml"]
    rules.rename(aside)
    rules.symlink_to(rules)  # reading it fails, as a disk or a share can
    assert not folder.reload()
    assert folder.errors() == [folder.complaint]
    assert folder.problems("a") == folder.problems("b") == [f"the rules can't be read: {folder.complaint}"]
    assert names(folder) == ["a/shop.yaml", "fake/till.yaml"]
    rules.unlink()
    assert folder.reload()  # a folder that is not there has no rules
    assert names(folder) == []
    aside.rename(rules)
    assert folder.reload()
    assert not folder.errors()
    assert names(folder) == ["a/shop.yaml", "fake/till.yaml"]


def test_mistakes_are_told_to_the_tenant_whose_file_has_them(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "shop.yaml").write_text("groups:\n- name: shop\n  rules: [{record: one}]\n  limit: x\n")
    (tmp_path / "till.yaml").write_bytes(b"\xff")
    folder = RuleFolder(tmp_path)
    folder.reload()
    first, second = folder.problems("a")
    assert first.startswith(f"{tmp_path / 'a' / 'shop.yaml'}:3: group `shop`, rule `one` has no `expr`")
    assert second.startswith(f"{tmp_path / 'a' / 'shop.yaml'}:4: group `shop`: `limit` is `x`")
    assert [problem.startswith(f"{tmp_path / 'till.yaml'}: ") for problem in folder.problems("fake")] == [True]
    assert folder.problems("b") == []


def test_what_has_no_effect_in_a_file_is_told_when_it_is_read(tmp_path: Path) -> None:
    (tmp_path / "shop.yaml").write_text(RULES.replace("name: shop", "name: shop, source_tenants: [a, b]"))
    folder = RuleFolder(tmp_path)
    with capture_logs() as told:
        assert folder.reload()
        assert not folder.reload()
    assert names(folder) == ["fake/shop.yaml"]
    (warning,) = (entry for entry in told if entry["log_level"] == "warning")
    assert warning["file"] == f"{tmp_path / 'shop.yaml'}:1"
    assert warning["note"].startswith("group `shop`: `source_tenants` has no effect: its rules see")
