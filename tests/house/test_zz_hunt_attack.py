import random, time, traceback, os, collections
from tests.house.test_hostile_input import *
import tests.house.test_hostile_input as h
def test_hunt(cast):
    seen=collections.Counter()
    end=time.time()+float(os.environ.get("SECS","150"))
    seed=int(os.environ.get("START","100"))
    n=0
    while time.time()<end:
        seed+=1; luck=random.Random(seed)
        for url in h.addresses(cast):
            name=luck.choice(("alice","alice","adam","vera","sam","mia","eddie","oscar",""))
            c=h.person_with(cast,name)
            for method in ("get","post"):
                v=h.values(cast,luck); n+=1
                try: h.check(getattr(c,method)(url,v),(name,url,v))
                except Exception as e:
                    tb=traceback.extract_tb(e.__traceback__)
                    key=(type(e).__name__,str(e)[:100],[f"{f.filename.split('/')[-1]}:{f.lineno}" for f in tb if '/work/main' in f.filename][-1:].__str__())
                    if not seen[key[0],key[2]]:
                        print("FOUND",method,name,url,key); print({k:x[:60] for k,x in v.items()}); traceback.print_exc(limit=-6)
                    seen[key[0],key[2]]+=1
            if time.time()>end: break
    print("N",n,seen)
