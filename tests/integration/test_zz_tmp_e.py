import asyncio, time, statistics, secrets
from datetime import datetime, UTC
from integration.channel_stage import authority, channel, own_log
from unit import view_histories as made
from concord.contracts.cloudevents import encode
from concord import codes, ids
async def test_measure(tmp_path, kafka_bootstrap):
    log=own_log(); rnd=ids.SystemRandomness()
    async with authority(kafka_bootstrap, log) as there, channel("web", tmp_path, kafka_bootstrap, log) as web:
        await web.fresh(there)
        lat=[]
        for i in range(40):
            t=time.perf_counter()
            if i%2: rec=await there.change(f"hh_{i}", made.household_value(f"hh_{i}",1))
            else: rec=await there.change(f"ofr_{i%20}", made.offer_value(f"ofr_{i%20}", key=f"k{i%20}", revision=i))
            t1=time.perf_counter()
            await web.has(rec)
            lat.append(((time.perf_counter()-t)*1e3,(time.perf_counter()-t1)*1e3))
            await asyncio.sleep(0.05)
        a=sorted(x for x,_ in lat); b=sorted(y for _,y in lat)
        print(f"\nSEND->VISIBLE p50 {a[20]:.1f} p99 {a[38]:.1f} max {a[-1]:.1f}; after ack p50 {b[20]:.1f} p99 {b[38]:.1f}")
        # bulk
        N=40000
        hh=[f"hh_b{i}" for i in range(600)]
        recs=[]
        for i in range(N):
            h=hh[i//70%600]; k=f"{h}/prm_{i}"
            hist=there.histories[there.slot(k)]
            recs.append(hist.change(k, made.promise_value(h,f"prm_{i}",i%70+2,code=codes.new(rnd)), end=i%50==49))
        last={}
        for r in recs: last[r.partition]=r
        for p,r in list(last.items()):
            h=there.histories[(r.topic,p)]; recs.append(h.change(f"hh_end{p}", made.household_value(f"hh_end{p}",1)))
        lat=[]; stop=False
        async def probe():
            while not stop:
                t=time.perf_counter(); r=await web.ask({"customer":{"household":"hh_1"}}); assert r.status_code==200
                lat.append((time.perf_counter()-t)*1e3); await asyncio.sleep(0.01)
        base=asyncio.create_task(probe()); await asyncio.sleep(1.5); quiet_=sorted(lat); lat.clear()
        t=time.perf_counter(); c=time.process_time()
        prod=there._producer
        futs=[]
        for i,r in enumerate(recs):
            futs.append(await prod.send(r.topic, r.value, r.key.encode(), partition=r.partition, headers=encode(r.envelope)))
        await asyncio.gather(*futs)
        t1=time.perf_counter(); print(f"sent {N} in {t1-t:.2f}s")
        try:
            for r in recs[-6:]: await web.has(r)
        except AssertionError:
            print("STUCK", [(s,p.revision,p.next_offset,there.histories[s].revision,there.histories[s].offset) for s,p in web.replica.live.snapshot.positions.items()]); [t.print_stack(limit=6) for t in asyncio.all_tasks()]; import faulthandler; faulthandler.dump_traceback(all_threads=True, file=open('/tmp/e/threads.txt','w')); raise
        t2=time.perf_counter(); print(f"visible {t2-t1:.2f}s after the last ack; cpu {time.process_time()-c:.1f}")
        stop=True; await base
        l=sorted(lat)
        print(f"ask quiet p50 {quiet_[len(quiet_)//2]:.1f} p99 {quiet_[int(len(quiet_)*.99)]:.1f}; busy p50 {l[len(l)//2]:.1f} p99 {l[int(len(l)*.99)]:.1f} max {l[-1]:.1f} n {len(l)}")
        # cold rebuild
        await web.fresh(there)
    from channel_adapters.view.store import remove
    remove(tmp_path/"web.sqlite")
    async with authority(kafka_bootstrap, log) as again:
        again.histories=there.histories
        t=time.perf_counter(); c=time.process_time()
        async with channel("web", tmp_path, kafka_bootstrap, log) as web:
            await web.until(lambda: web.replica.live.snapshot.built)
            print(f"REBUILD {N} in {time.perf_counter()-t:.2f}s cpu {time.process_time()-c:.2f}: {N/(time.process_time()-c):.0f}/cpu s")
