"""From a merchant's request to the end of the story, through the doors, with a real worker's loop and a bank."""

from world import World


async def test_each_account_comes_to_the_end_its_suffix_stands_for(world: World) -> None:
    acme = await world.merchant()
    await world.ask(acme, count=15, suffixes="0001 0002 0003 0004 0005")
    async with world.working():
        await world.until_at_rest()
    await world.audit()


async def test_processes_do_the_same(world: World) -> None:
    acme = await world.merchant()
    await world.ask(acme, count=10, suffixes="0001 0002 0003 0004 0005")
    async with world.process("worker") as process:
        await world.until_at_rest()
        await process.stop()
    await world.audit()
