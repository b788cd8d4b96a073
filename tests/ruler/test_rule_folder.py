"""A folder of rules, as it changes and fails."""

from pathlib import Path

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
    assert names(folder) == ["a/shop.yaml", "fake/till.yaml"]
    rules.unlink()
    assert folder.reload()  # a folder that is not there has no rules
    assert names(folder) == []
    aside.rename(rules)
    assert folder.reload()
    assert not folder.errors()
    assert names(folder) == ["a/shop.yaml", "fake/till.yaml"]
