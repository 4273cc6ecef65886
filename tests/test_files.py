"""Map files and checkpoints: they come back as they were, and a damaged or foreign one is refused."""

import json
import os
import stat
import zipfile

import networkx as nx
import numpy as np
import pytest

from somkit import SOM, Recipe, Topology, TrainedMap, load, load_checkpoint
from somkit.errors import MapFileError, MapFileWarning, OutputError, RecipeError, SampleError

X = np.random.default_rng(0).normal(size=(60, 3))


@pytest.fixture
def trained():
    """Return a map with everything a file has to keep."""
    recipe = Recipe(
        topology="hex:rows=4,columns=3,periodic=rows",
        radius="join:schedules=[linear,'constant:value=1'],boundaries=[0.5]",
        trainer="online:record_wins=true",
        scale="minmax",
        epochs=4,
        random_state=5,
    )
    return recipe.fit(X)


def test_a_map_comes_back_as_it_was(trained, tmp_path):
    """Codebook, lattice, recipe, scaling, history and wins are the same bits after save and load."""
    trained.save(tmp_path / "map.somkit")
    again = load(tmp_path / "map.somkit")
    assert np.array_equal(again.codebook, trained.codebook)
    assert np.array_equal(again.codebook_in_units, trained.codebook_in_units)
    assert again.recipe == trained.recipe
    assert again.history == trained.history
    assert again.lattice.nodes == trained.lattice.nodes
    for name in ("positions", "edges", "lengths", "cells"):
        assert np.array_equal(getattr(again.lattice, name), getattr(trained.lattice, name))
    assert np.array_equal(again.lattice.distances_from(range(12)), trained.lattice.distances_from(range(12)))
    assert (again.wins != trained.wins).nnz == 0
    assert np.array_equal(again.bmu(X), trained.bmu(X))
    assert np.array_equal(again.recipe.fit(X).codebook, trained.codebook)


def test_the_same_map_is_the_same_file(trained, tmp_path):
    """A file holds no time of day: saving twice gives the same bytes, so does saving what was loaded."""
    paths = [tmp_path / name for name in ("one", "two", "three")]
    trained.save(paths[0])
    trained.save(paths[1])
    load(paths[0]).save(paths[2])
    assert len({path.read_bytes() for path in paths}) == 1


def test_every_damaged_byte_is_noticed(trained, tmp_path):
    """A bit flipped anywhere in the contents of a file is noticed, never read as another map."""
    path = tmp_path / "map.somkit"
    trained.save(path)
    whole = path.read_bytes()
    with zipfile.ZipFile(path) as archive:
        first, last = 100, archive.start_dir
    for position in np.linspace(first, last - 1, 60).astype(int):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 16]) + whole[position + 1 :])
        try:
            again = load(path)
        except MapFileError:
            continue
        # A byte of zip's own padding may change nothing: then nothing may have changed.
        assert np.array_equal(again.codebook, trained.codebook)
        assert again.recipe == trained.recipe


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_cut_off_file_is_refused(trained, tmp_path, share):
    """A file that was cut off is refused."""
    path = tmp_path / "map.somkit"
    trained.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(MapFileError, match=r"is damaged|is not a somkit map file"):
        load(path)


def rewritten(path, members, comment=b""):
    """Write a zip file of the given members."""
    with zipfile.ZipFile(path, "w") as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)


def members_of(path):
    """Return the members of a map file and its comment."""
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}, archive.comment


def test_nothing_is_unpickled(trained, tmp_path):
    """An array of objects, which numpy would unpickle, is refused even with a right checksum."""
    import hashlib

    path = tmp_path / "map.somkit"
    trained.save(path)
    members, _ = members_of(path)
    np.save(tmp_path / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    members["codebook.npy"] = (tmp_path / "evil.npy").read_bytes()
    document = json.loads(members["document.json"])
    document["sha256"]["codebook.npy"] = hashlib.sha256(members["codebook.npy"]).hexdigest()
    members["document.json"] = json.dumps(document).encode()
    rewritten(path, members, f"sha256 {hashlib.sha256(members['document.json']).hexdigest()}".encode())
    with pytest.raises(MapFileError, match=r"codebook.npy does not hold the numbers that it claims"):
        load(path)


def test_claims_are_checked_before_anything_is_allocated(trained, tmp_path):
    """A compressed member, or one of another format version, is refused before it is read."""
    path = tmp_path / "map.somkit"
    trained.save(path)
    members, comment = members_of(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for name, data in members.items():
            archive.writestr(name, data)
    with pytest.raises(MapFileError, match="is compressed"):
        load(path)


def test_a_later_format_is_named(trained, tmp_path):
    """A file of a later format says to upgrade."""
    import hashlib

    path = tmp_path / "map.somkit"
    trained.save(path)
    members, _ = members_of(path)
    document = {**json.loads(members["document.json"]), "version": 99}
    members["document.json"] = json.dumps(document).encode()
    rewritten(path, members, f"sha256 {hashlib.sha256(members['document.json']).hexdigest()}".encode())
    with pytest.raises(MapFileError) as caught:
        load(path)
    assert str(caught.value) == f"{path} has format version 99; this somkit reads up to 1: upgrade somkit."


def test_missing_files_and_folders_are_named(trained, tmp_path):
    """A missing file, and a folder that cannot be written to, are named."""
    with pytest.raises(MapFileError) as caught:
        load(tmp_path / "none.somkit")
    assert str(caught.value) == f"{tmp_path / 'none.somkit'} does not exist."
    with pytest.raises(OutputError) as caught:
        trained.save(tmp_path / "no" / "map.somkit")
    assert str(caught.value) == f"{tmp_path / 'no' / 'map.somkit'} cannot be written: No such file or directory."


def test_a_failed_write_leaves_the_old_file(trained, tmp_path, monkeypatch):
    """A write that fails half-way leaves the old file whole and nothing beside it."""
    path = tmp_path / "map.somkit"
    trained.save(path)
    before = path.read_bytes()

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match="No space left on device"):
        trained.save(path)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.somkit"]


def test_files_get_ordinary_permissions(trained, tmp_path):
    """A map file may be read by whom an ordinary new file may be read by."""
    trained.save(tmp_path / "map.somkit")
    (tmp_path / "plain").write_text("", encoding="utf-8")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("map.somkit", "plain")}
    assert len(modes) == 1


def test_odd_labels_become_their_repr_with_a_warning(tmp_path):
    """Labels that a file cannot keep are written as their repr, and a warning names one; the others come back."""
    graph = nx.Graph([(frozenset({1}), ("a", (2, 3.5))), (("a", (2, 3.5)), True)])
    trained = SOM(topology=graph, epochs=2).fit(X).map_
    with pytest.warns(MapFileWarning) as caught:
        trained.save(tmp_path / "map.somkit")
    assert str(caught[0].message) == (
        "1 node label(s) cannot be kept in a file and are written as their repr, such as frozenset({1})."
    )
    again = load(tmp_path / "map.somkit")
    assert again.lattice.nodes == ("frozenset({1})", ("a", (2, 3.5)), True)


def test_a_local_part_is_not_needed_to_read_a_map(tmp_path):
    """A map on an unregistered topology is read without it; a warning says what to register to train on."""
    import attrs

    @attrs.frozen(kw_only=True)
    class Wheel(Topology):
        """A hub and its rim."""

        name = "wheel"
        spokes: int = 6

        def graph(self):
            return nx.wheel_graph(self.spokes)

    trained = SOM(topology=Wheel(spokes=7), epochs=2).fit(X).map_
    trained.save(tmp_path / "map.somkit")
    with pytest.warns(MapFileWarning) as caught:
        again = load(tmp_path / "map.somkit")
    assert str(caught[0].message) == (
        f"{tmp_path / 'map.somkit'} can be read and drawn, but not trained on, for want of topology 'local/wheel': "
        f"register its class with somkit.register before loading."
    )
    assert again.recipe is None
    assert np.array_equal(again.bmu(X), trained.bmu(X))
    again.save(tmp_path / "again.somkit")
    assert (tmp_path / "again.somkit").read_bytes() == (tmp_path / "map.somkit").read_bytes()


@pytest.mark.parametrize("trainer", ["batch", "online:record_wins=true"])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, trainer):
    """A run that goes on from a checkpoint ends where an uninterrupted one does, bit for bit."""
    recipe = Recipe(topology="grid:rows=4,columns=3", trainer=trainer, scale="standard", epochs=6, random_state=1)
    whole = recipe.fit(X)
    run = recipe.start(X)
    states = run.states()
    for _ in range(3):
        state = next(states)
    run.save_checkpoint(tmp_path / "point", state)
    loaded, resumed = load_checkpoint(tmp_path / "point")
    assert resumed.epoch == 3
    again = loaded.fit(X, resume=resumed)
    assert np.array_equal(again.codebook, whole.codebook)
    assert again.history == whole.history
    assert {name: array.tolist() for name, array in again.records.items()} == {
        name: array.tolist() for name, array in whole.records.items()
    }


def test_a_checkpoint_knows_its_data(tmp_path):
    """A checkpoint is not resumed on other data, even of the same shape."""
    recipe = Recipe(topology="grid:rows=4,columns=3", epochs=6, random_state=1)
    run = recipe.start(X)
    run.save_checkpoint(tmp_path / "point", next(run.states()))
    loaded, state = load_checkpoint(tmp_path / "point")
    with pytest.raises(SampleError) as caught:
        loaded.fit(X + 1, resume=state)
    assert str(caught.value) == (
        "X or sample_weight is not what the checkpoint was trained on; resume with the same data."
    )


def test_a_folder_is_no_map(tmp_path):
    """A folder in place of a file is named."""
    with pytest.raises(MapFileError) as caught:
        load(tmp_path)
    assert str(caught.value) == f"{tmp_path} cannot be read: Is a directory."


def test_a_map_is_no_checkpoint(trained, tmp_path):
    """A file that holds the other thing is named as what it is."""
    trained.save(tmp_path / "map.somkit")
    with pytest.raises(MapFileError) as caught:
        load_checkpoint(tmp_path / "map.somkit")
    assert str(caught.value) == f"{tmp_path / 'map.somkit'} holds a map, not a checkpoint."


def test_a_codebook_from_elsewhere_is_kept(tmp_path):
    """A map built from a codebook has no recipe, before and after a file."""
    trained = TrainedMap.from_codebook("ring:units=4", X[:4], feature_names=("a", "b", "c"))
    trained.save(tmp_path / "map.somkit")
    again = load(tmp_path / "map.somkit")
    assert again.recipe is None
    assert again.feature_names == ("a", "b", "c")


def test_a_device_is_not_replaced_by_a_map(trained, tmp_path):
    """A path that is no ordinary file is refused and left as it was."""
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError) as caught:
        trained.save(tmp_path / "pipe")
    assert str(caught.value) == (
        f"{tmp_path / 'pipe'} cannot be written: it is a folder or a device, not a file; give another name."
    )
    assert (tmp_path / "pipe").is_fifo()


def test_a_tampered_codebook_is_refused(trained, tmp_path):
    """A map file whose codebook is not finite, or of another size, is refused though its checksums are right."""
    from somkit.storage import Record, read_record, write_record

    trained.save(tmp_path / "map.somkit")
    record = read_record(tmp_path / "map.somkit")
    for codebook in (np.full((12, 3), np.nan), np.zeros((5, 3)), np.zeros(3)):
        document = {key: value for key, value in record.document.items() if key not in {"format", "version"}}
        write_record(tmp_path / "evil.somkit", Record(document, {**record.arrays, "codebook": codebook}))
        with pytest.raises(MapFileError, match="is damaged, or was tampered with"):
            load(tmp_path / "evil.somkit")


def test_a_state_is_resumed_by_its_own_recipe():
    """A state of another map, or a codebook beside a state, is refused."""
    state = next(iter(Recipe(topology="grid:rows=4,columns=3", epochs=2).train(X)))
    with pytest.raises(RecipeError) as caught:
        Recipe(topology="grid:rows=3,columns=3", epochs=2).fit(X, resume=state)
    assert str(caught.value) == (
        "the state to resume has 12 units of another topology than the recipe's 9; resume it with its own recipe."
    )
    with pytest.raises(RecipeError) as caught:
        Recipe(topology="grid:rows=4,columns=3", epochs=2).fit(X, resume=state, initial_codebook=np.zeros((12, 3)))
    assert str(caught.value) == (
        "initial_codebook has no meaning with resume, which goes on from the codebook of its state."
    )


def test_wins_are_of_one_set_of_samples():
    """A map that records its wins is not trained on with other samples, whose numbers would be confused."""
    som = SOM(topology="ring:units=4", trainer="online:record_wins=true", epochs=4).partial_fit(X)
    som.partial_fit(X)
    assert som.map_.wins.sum() == 2 * len(X)
    with pytest.raises(RecipeError) as caught:
        som.partial_fit(X[:20])
    assert str(caught.value) == (
        "record_wins counts the wins of one set of samples; train on other samples with record_wins=false."
    )


@pytest.mark.parametrize("name", ["codebook.npy", "document.json"])
def test_contents_are_known_by_their_checksum(trained, tmp_path, name):
    """A member changed by a program that mends zip's own checksum is noticed by ours."""
    path = tmp_path / "map.somkit"
    trained.save(path)
    members, comment = members_of(path)
    members[name] = members[name][:-2] + bytes([members[name][-2] ^ 1]) + members[name][-1:]
    rewritten(path, members, comment)
    with pytest.raises(MapFileError) as caught:
        load(path)
    assert str(caught.value) == f"{path} is damaged: the checksum of {name} is not what it was."
